// SPDX-License-Identifier: Apache-2.0
//! The steps that a token passes, for commands that show how far a token came.

use std::cell::{Cell, RefCell};
use std::fmt;

use crate::algorithm::Algorithm;
use crate::claim_rules::RulesInUse;
use crate::clock::UnixMillis;
use crate::issuers::issuer::Issuer;
use crate::keys::verifying_key::VerifyingKey;
use crate::rejection::Rejection;

macro_rules! step_names {
    ($($variant:ident $name:literal $meaning:literal)*) => {
        /// A step that can reject a token. `Display` gives its name, at most twelve characters.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
        #[non_exhaustive]
        pub enum StepName {
            $(#[doc = $meaning] $variant,)*
        }

        impl StepName {
            /// Every step, in the order in which a token passes them.
            pub const ALL: &'static [StepName] = &[$(StepName::$variant,)*];

            /// The name, in lower case.
            #[must_use]
            pub const fn name(self) -> &'static str {
                match self { $(StepName::$variant => $name,)* }
            }
        }
    };
}

step_names! {
    BearerToken "bearer token" "The Authorization value contains a bearer token."
    Parts "parts" "The token is short enough and has three parts."
    Base64url "base64url" "Each part is strict base64url: the first one before `Header`, the other two after it."
    Header "header" "The protected header is valid under any configuration."
    Issuer "issuer" "With `config-files`: there are rules for the issuer."
    HeaderRules "header rules" "The configuration allows the algorithm and the type."
    Key "key" "There is a key for this header, and it fits the algorithm."
    Signature "signature" "The key verifies the signature."
    Claims "claims" "Times, issuer and audience meet the configuration."
    Revocation "revocation" "With `revocation-file`: no entry of the file names the token."
    Required "required" "The token has the scopes and claims that the configuration requires."
    ClaimRules "claim rules" "A claim rule accepts the token, or no rule matches and otherwise accepts it."
    Principal "principal" "The principal field contains a principal."
    User "user" "The user mapping maps the principal to a user."
    PassThrough "pass-through" "The token may be passed to connectors: its lifetime is checked after the claims, the user after the mapping."
    Groups "groups" "The groups field contains groups."
    StorageRole "storage role" "With `storage.sts-endpoint`: the role for which the token may be exchanged. A token without one is accepted."
}

impl fmt::Display for StepName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.name())
    }
}

/// A rejection, and the step that failed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StepRejection {
    /// The step that failed.
    pub step: StepName,
    /// The reason.
    pub reject: Rejection,
}

/// A step that succeeded, with its result. Texts come from the token, so the caller escapes them before it shows them.
#[derive(Clone, Copy, Debug)]
#[non_exhaustive]
pub enum Step<'a> {
    /// [`StepName::BearerToken`].
    BearerToken {
        /// Its length.
        bytes: usize,
    },
    /// [`StepName::Parts`].
    Parts {
        /// Encoded length of the protected header.
        header: usize,
        /// Encoded length of the payload.
        payload: usize,
        /// Encoded length of the signature.
        signature: usize,
    },
    /// [`StepName::Header`].
    Header {
        /// `alg`.
        algorithm: Algorithm,
        /// `kid`, if there is one.
        key_id: Option<&'a str>,
    },
    /// [`StepName::Issuer`]: the token's unverified `iss` chose these rules.
    Issuer {
        /// `required-issuer` of the rules. `None` for the file that handles the tokens of all other issuers.
        required: Option<&'a str>,
    },
    /// [`StepName::Key`]: this key is tried next. It comes several times if several keys have the same key ID.
    Key(KeyDescription<'a>),
    /// [`StepName::Signature`].
    Signature,
    /// [`StepName::Claims`].
    Claims {
        /// `iss`, if the token has one.
        issuer: Option<&'a str>,
        /// `exp`, if the token has one.
        expires_at: Option<UnixMillis>,
    },
    /// [`StepName::Revocation`], with `revocation-file`.
    Revocation,
    /// [`StepName::Required`], with `required-scopes` or `required-claims`.
    Required,
    /// [`StepName::ClaimRules`], with `claim-rules.file`: the rules are tried next.
    ClaimRules(RulesInUse<'a>),
    /// [`StepName::Principal`].
    Principal(&'a str),
    /// [`StepName::User`].
    User(&'a str),
    /// [`StepName::PassThrough`], with `pass-through.credential-name`.
    PassThrough,
    /// [`StepName::Groups`], with `groups-field`. Each group is listed once.
    Groups(&'a [String]),
    /// [`StepName::StorageRole`], with `storage.sts-endpoint`. `None` if the token has no role.
    StorageRole(Option<&'a str>),
}

impl Step<'_> {
    /// Which step it is.
    #[must_use]
    pub fn name(&self) -> StepName {
        match self {
            Self::BearerToken { .. } => StepName::BearerToken,
            Self::Parts { .. } => StepName::Parts,
            Self::Header { .. } => StepName::Header,
            Self::Issuer { .. } => StepName::Issuer,
            Self::Key(_) => StepName::Key,
            Self::Signature => StepName::Signature,
            Self::Claims { .. } => StepName::Claims,
            Self::Revocation => StepName::Revocation,
            Self::Required => StepName::Required,
            Self::ClaimRules(_) => StepName::ClaimRules,
            Self::Principal(_) => StepName::Principal,
            Self::User(_) => StepName::User,
            Self::PassThrough => StepName::PassThrough,
            Self::Groups(_) => StepName::Groups,
            Self::StorageRole(_) => StepName::StorageRole,
        }
    }
}

/// Is informed of each step while a token is validated.
pub(crate) trait Observer {
    /// The step begins. The last step that began is the one that failed if the token is rejected.
    fn begins(&self, step: StepName);

    /// The step succeeded.
    fn passed(&self, step: Step<'_>);

    /// The rules of this issuer apply to the token.
    fn chose(&self, _: &Issuer) {}
}

/// Observes nothing, at no cost.
impl Observer for () {
    fn begins(&self, _: StepName) {}

    fn passed(&self, _: Step<'_>) {}
}

/// Passes the steps that succeeded to a function, and remembers which step began last.
pub(crate) struct Journal<F> {
    latest: Cell<StepName>,
    passed: RefCell<F>,
}

impl<F: FnMut(Step<'_>)> Journal<F> {
    pub(crate) fn new(passed: F) -> Self {
        Self { latest: Cell::new(StepName::BearerToken), passed: RefCell::new(passed) }
    }

    /// The rejection, together with the step that began last.
    pub(crate) fn rejection(&self, rejection: Rejection) -> StepRejection {
        StepRejection { step: self.latest.get(), reject: rejection }
    }
}

impl<F: FnMut(Step<'_>)> Observer for Journal<F> {
    fn begins(&self, step: StepName) {
        self.latest.set(step);
    }

    fn passed(&self, step: Step<'_>) {
        (self.passed.borrow_mut())(step);
    }
}

/// The type of a key, without the key itself. `Display` gives `RSA 2048`, `EC P-256`, `Ed25519` or `HMAC`.
#[derive(Clone, Copy, Debug)]
pub struct KeyDescription<'a>(pub(crate) &'a VerifyingKey);

impl fmt::Display for KeyDescription<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0.describe())
    }
}
