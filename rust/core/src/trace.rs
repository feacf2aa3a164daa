//! The steps of the path of a token, for people who want to know how far it came.

use std::cell::{Cell, RefCell};
use std::fmt;

use crate::algorithm::Algorithm;
use crate::clock::UnixMillis;
use crate::keys::verifying_key::VerifyingKey;
use crate::rejection::Rejection;

macro_rules! step_names {
    ($($variant:ident $name:literal $meaning:literal)*) => {
        /// A step of the path, at which a token can be refused. `Display` gives its name, at most twelve characters.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
        #[non_exhaustive]
        pub enum StepName {
            $(#[doc = $meaning] $variant,)*
        }

        impl StepName {
            /// Every step, in the order of the path.
            pub const ALL: &'static [StepName] = &[$(StepName::$variant,)*];

            /// The name, in small letters.
            #[must_use]
            pub const fn name(self) -> &'static str {
                match self { $(StepName::$variant => $name,)* }
            }
        }
    };
}

step_names! {
    BearerToken "bearer token" "The Authorization value holds a bearer token."
    Parts "parts" "The token is short enough and has three parts."
    Base64url "base64url" "Each part is strict base64url: the first one before `Header`, the other two after it."
    Header "header" "The protected header is acceptable to everybody."
    Issuer "issuer" "With `config-files`: there are rules for the issuer."
    HeaderRules "header rules" "Algorithm and type are those that the configuration allows."
    Key "key" "There is a key for this header, and it fits the algorithm."
    Signature "signature" "The key's signature is right."
    Claims "claims" "Times, issuer and audience are as demanded."
    Principal "principal" "The principal field holds a principal."
    User "user" "The user mapping makes a user of the principal."
    PassThrough "pass-through" "The token may be handed on to connectors: its lifetime is looked at after the claims, the user after the mapping."
    Groups "groups" "The groups field holds groups."
}

impl fmt::Display for StepName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.name())
    }
}

/// A refusal, and the step at which it was made.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StepRejection {
    /// The step that failed.
    pub step: StepName,
    /// The reason.
    pub reject: Rejection,
}

/// One step that succeeded, with what it found out. Texts are the token's own: to be escaped before they are shown.
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
    /// [`StepName::Issuer`]: the token's `iss`, not verified yet, chose whose rules apply.
    Issuer {
        /// `required-issuer` of the rules; none for those that take the tokens of no other file.
        required: Option<&'a str>,
    },
    /// [`StepName::Key`]: it will be tried; more than one where several have the same key ID.
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
    /// [`StepName::Principal`].
    Principal(&'a str),
    /// [`StepName::User`].
    User(&'a str),
    /// [`StepName::PassThrough`], with `pass-through.credential-name`.
    PassThrough,
    /// [`StepName::Groups`], with `groups-field`: each group once.
    Groups(&'a [String]),
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
            Self::Principal(_) => StepName::Principal,
            Self::User(_) => StepName::User,
            Self::PassThrough => StepName::PassThrough,
            Self::Groups(_) => StepName::Groups,
        }
    }
}

/// Looks on while a token is judged.
pub(crate) trait Onlooker {
    /// The step begins; one that has begun and not passed when the judgement ends is the one that failed.
    fn begins(&self, step: StepName);

    /// The step succeeded.
    fn passed(&self, step: Step<'_>);
}

/// Nobody looks on, which costs nothing.
impl Onlooker for () {
    fn begins(&self, _: StepName) {}

    fn passed(&self, _: Step<'_>) {}
}

/// Hands on what passed, and knows what began last.
pub(crate) struct Journal<F> {
    latest: Cell<StepName>,
    passed: RefCell<F>,
}

impl<F: FnMut(Step<'_>)> Journal<F> {
    pub(crate) fn new(passed: F) -> Self {
        Self { latest: Cell::new(StepName::BearerToken), passed: RefCell::new(passed) }
    }

    /// The refusal with the step that had begun when it was made.
    pub(crate) fn refusal(&self, reject: Rejection) -> StepRejection {
        StepRejection { step: self.latest.get(), reject }
    }
}

impl<F: FnMut(Step<'_>)> Onlooker for Journal<F> {
    fn begins(&self, step: StepName) {
        self.latest.set(step);
    }

    fn passed(&self, step: Step<'_>) {
        (self.passed.borrow_mut())(step);
    }
}

/// What a key is, without the key. `Display` gives `RSA 2048`, `EC P-256`, `Ed25519` or `HMAC`.
#[derive(Clone, Copy, Debug)]
pub struct KeyDescription<'a>(pub(crate) &'a VerifyingKey);

impl fmt::Display for KeyDescription<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0.describe())
    }
}
