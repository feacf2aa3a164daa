// SPDX-License-Identifier: Apache-2.0
//! What goes over the socket: a [`Request`] on one line, and an [`Answer`] on one line. Times are seconds since 1970.

use std::fmt;

use serde::{Deserialize, Serialize};
use zeroize::Zeroizing;

/// The longest request or answer, in bytes. The longest token has 32 kB.
pub(crate) const MAX_BYTES: u64 = 1024 * 1024;

/// What the command asks.
#[derive(Serialize, Deserialize)]
#[serde(tag = "command", rename_all = "kebab-case")]
pub enum Request {
    /// What runs, and what is in force. The answer is a [`Status`].
    Status,
    /// Read the files that have changed. The answer is a [`Reloaded`].
    Reload,
    /// Fetch the keys of all issuers. The answer is the number of JWK Sets.
    RefreshKeys,
    /// Forget the tokens that were accepted. The answer is their number.
    FlushCache,
    /// The last rejections. The answer is a list of objects, the newest first.
    Rejections,
    /// What shadow mode has counted. The answer is a [`Shadow`].
    Shadow,
    /// The entry of the revocation file for this token. The answer is a [`Revocation`].
    Revoke {
        /// Its trace ID.
        trace: String,
    },
    /// The verdict on a token, now and without the cache. The answer is an [`Explanation`].
    Explain {
        /// The token.
        token: Token,
    },
}

/// A token. It is overwritten when it is dropped, and `Debug` does not show it.
#[derive(Serialize, Deserialize)]
#[serde(transparent)]
pub struct Token(#[serde(with = "wiped")] pub Zeroizing<String>);

mod wiped {
    use serde::{Deserialize as _, Deserializer, Serializer};
    use zeroize::Zeroizing;

    pub(super) fn serialize<S: Serializer>(text: &Zeroizing<String>, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(text)
    }

    pub(super) fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Zeroizing<String>, D::Error> {
        String::deserialize(deserializer).map(Zeroizing::new)
    }
}

impl fmt::Debug for Token {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Token")
    }
}

/// What the coordinator answers.
#[derive(Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Answer<T> {
    /// It did what was asked.
    Done(T),
    /// A sentence that says why not.
    Failed(String),
}

/// Fingerprints of what is in force, in hexadecimal digits.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct InForce {
    /// Of the properties.
    pub configuration: String,
    /// Of the files of rules.
    pub rules: String,
    /// Of the revocation file.
    pub revocations: String,
}

/// What runs.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Status {
    /// The version of the library.
    pub version: String,
    /// The process of the coordinator.
    pub pid: u32,
    /// When the authenticator was opened.
    pub since: i64,
    /// What is in force.
    pub in_force: InForce,
    /// Shadow mode: the built-in authenticator answers, and nativejwt judges beside it.
    pub is_shadow: bool,
    /// The issuers, by name.
    pub issuers: Vec<IssuerStatus>,
    /// Requests that were accepted.
    pub accepted: u64,
    /// Requests that were rejected.
    pub rejected: u64,
    /// Requests without a token.
    pub without_token: u64,
    /// Tokens in the cache.
    pub cached_tokens: u64,
    /// Entries of the revocation file that have not ended; `None` without a file.
    pub revocations: Option<u64>,
    /// Defects of this software that were caught.
    pub defects: u64,
}

/// An issuer.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct IssuerStatus {
    /// As metrics name it.
    pub name: String,
    /// Keys in use.
    pub keys: u64,
    /// Seconds since they were fetched or confirmed; `None` for local keys, and before the first fetch.
    pub keys_age: Option<u64>,
    /// Seconds until they end unless a fetch succeeds; `None` for local keys.
    pub keys_end: Option<u64>,
}

/// What reading changed files brought.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Reloaded {
    /// Changes that are in force now.
    pub in_use: u64,
    /// Changes that cannot be used. The coordinator's log says why.
    pub unusable: u64,
    /// What is in force now.
    pub in_force: InForce,
}

/// What shadow mode has counted.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Shadow {
    /// The report for people, in Markdown.
    pub report: String,
    /// When the counting began.
    pub since: i64,
    /// Requests that nativejwt judged.
    pub requests: u64,
    /// Those whose verdict was compared with that of the built-in authenticator; 0 with the plugin.
    pub compared: u64,
    /// Verdicts that differed.
    pub differing: u64,
    /// Those that nothing explains: the figure that lets one switch.
    pub unexplained: u64,
    /// Requests that were not judged, because too many waited.
    pub skipped: u64,
    /// The time of all verdicts of the built-in authenticator, in seconds.
    pub builtin_seconds: f64,
    /// The time of all verdicts of nativejwt, in seconds.
    pub native_seconds: f64,
    /// The differences, the most important ones first.
    pub differences: Vec<ShadowDifference>,
}

/// Verdicts that differed in the same way.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ShadowDifference {
    /// The verdict of the built-in authenticator.
    pub builtin: String,
    /// The verdict of nativejwt: `accepted`, or the name of its reason.
    pub native: String,
    /// The row of DIFFERENCES.md, or `configured`, `boundary`, `unexplained`.
    pub row: String,
    /// How often.
    pub count: u64,
}

/// How to revoke a token.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Revocation {
    /// The revocation file, as an absolute path.
    pub file: String,
    /// The line for it.
    pub entry: String,
    /// Shadow mode: the built-in authenticator answers, which does not know the file.
    pub is_shadow: bool,
}

/// A step of a verdict.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ExplainedStep {
    /// Its name.
    pub step: String,
    /// What it found; several lines for claim rules.
    pub found: String,
}

/// The verdict on a token, and what became of it before.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Explanation {
    /// The token's name in the log.
    pub trace: String,
    /// The steps that the token passed.
    pub steps: Vec<ExplainedStep>,
    /// The user; `None` if the token is rejected.
    pub user: Option<String>,
    /// Why it is rejected.
    pub rejection: Option<ExplainedRejection>,
    /// The rejections of this token among the last 200, the newest first.
    pub before: Vec<EarlierRejection>,
    /// Shadow mode: clients got the verdict of the built-in authenticator instead.
    pub is_shadow: bool,
}

/// Why a token is rejected.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ExplainedRejection {
    /// The step that failed.
    pub step: String,
    /// The name of the reason.
    pub reason: String,
    /// Its number.
    pub number: u32,
    /// What the client reads.
    pub message: String,
    /// What the reason means.
    pub meaning: String,
}

/// A rejection of a token before.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct EarlierRejection {
    /// The name of the reason.
    pub reason: String,
    /// How often.
    pub count: u64,
    /// When it was rejected first.
    pub first: i64,
    /// When it was rejected last.
    pub last: i64,
}
