// SPDX-License-Identifier: Apache-2.0
//! Verified claims → the scopes and claims that the configuration requires are there.

use crate::claims::VerifiedClaims;
use crate::claims::path::ClaimPath;
use crate::json::{Member, Value};
use crate::quoted::quoted;
use crate::rejection::{Reason, Rejection};

/// The claims that hold scopes: `scope` of OAuth 2.0 (RFC 8693, section 4.2), `scp` of Entra ID and Okta.
pub(crate) const SCOPE_CLAIMS: [&str; 2] = ["scope", "scp"];

/// `required-scopes`: the token must have each of them.
#[derive(Clone, Debug, Default)]
pub(crate) struct RequiredScopes(pub(crate) Vec<String>);

impl RequiredScopes {
    /// Checks the scopes of both claims together.
    ///
    /// # Errors
    /// A scope is missing. The message names each one that is.
    pub(crate) fn check(&self, claims: &VerifiedClaims<'_>) -> Result<(), Rejection> {
        let missing: Vec<String> = self
            .0
            .iter()
            .filter(|scope| !has_scope(&claims.selected, scope))
            .map(|scope| format!("'{}'", quoted(scope)))
            .collect();
        if missing.is_empty() {
            return Ok(());
        }
        let scopes = if missing.len() == 1 { "scope" } else { "scopes" };
        Err(Rejection::new(Reason::MissingScope, format!("The token lacks the {scopes} {}", missing.join(", "))))
    }
}

/// A string holds scopes with blanks between them (RFC 6749, section 3.3). An array holds one scope in each string.
pub(crate) fn has_scope(claims: &[Member<'_>], scope: &str) -> bool {
    let values = claims.iter().filter(|(name, _)| SCOPE_CLAIMS.contains(&&**name)).map(|(_, value)| value);
    values.into_iter().any(|value| match value {
        Value::String(scopes) => scopes.split(' ').any(|one| one == scope),
        Value::Array(elements) => elements.iter().any(|element| matches!(element, Value::String(one) if one == scope)),
        _ => false,
    })
}

/// `required-claims.<path>`: the claim must be one of the values, or a list that holds one.
#[derive(Clone, Debug)]
pub(crate) struct RequiredClaim {
    pub(crate) path: ClaimPath,
    pub(crate) values: Vec<RequiredValue>,
}

/// A value as the configuration writes it, and the number that the text is, if it is one.
#[derive(Clone, Debug)]
pub(crate) struct RequiredValue {
    text: String,
    number: Option<Value<'static>>,
}

impl RequiredValue {
    pub(crate) fn new(text: String) -> Self {
        let number = serde_json::from_str::<serde_json::Number>(&text)
            .ok()
            .and_then(|number| number.as_i64().map(Value::Integer).or_else(|| number.as_f64().map(Value::Float)));
        Self { text, number }
    }

    /// As the configuration writes it.
    pub(crate) fn text(&self) -> &str {
        &self.text
    }

    /// A string by its text, a boolean by `true` or `false`, a number by its value.
    fn is(&self, value: &Value<'_>) -> bool {
        match value {
            Value::String(text) => *text == self.text,
            Value::Boolean(truth) => self.text == if *truth { "true" } else { "false" },
            Value::Integer(_) | Value::Float(_) => {
                self.number.as_ref().is_some_and(|number| is_same_number(number, value))
            }
            Value::Null | Value::Array(_) | Value::Object(_) => false,
        }
    }
}

/// Floats from here on stand for several integers each, so they equal no number.
pub(crate) const FIRST_INEXACT: f64 = 9_007_199_254_740_992.0;

/// True if both are numbers of the same value, whether they are written as integers or not.
#[expect(clippy::cast_precision_loss, reason = "integers that a float cannot represent are excluded")]
pub(crate) fn is_same_number(one: &Value<'_>, other: &Value<'_>) -> bool {
    match (one, other) {
        (Value::Integer(one), Value::Integer(other)) => one == other,
        (Value::Float(one), Value::Float(other)) => one == other && one.abs() < FIRST_INEXACT,
        (Value::Integer(whole), Value::Float(float)) | (Value::Float(float), Value::Integer(whole)) => {
            whole.unsigned_abs() < 1 << 53 && *whole as f64 == *float
        }
        _ => false,
    }
}

impl RequiredClaim {
    /// The claim and the values, as the configuration writes them.
    pub(crate) fn shown(&self) -> (ClaimPath, Vec<String>) {
        (self.path.clone(), self.values.iter().map(|value| value.text().to_owned()).collect())
    }

    /// Checks one claim.
    ///
    /// # Errors
    /// The claim is absent or has another value. The message names the claim and not the values that are required.
    pub(crate) fn check(&self, claims: &VerifiedClaims<'_>) -> Result<(), Rejection> {
        let fits = |value: &Value<'_>| self.values.iter().any(|required| required.is(value));
        let why = match self.path.find(&claims.selected) {
            None => "is required and absent".to_owned(),
            Some(Value::Array(elements)) if elements.iter().any(fits) => return Ok(()),
            Some(Value::Array(_)) => "holds none of the values that are required".to_owned(),
            Some(value) if fits(value) => return Ok(()),
            Some(Value::String(text)) => format!("is '{}', which is not a value that is required", quoted(text)),
            Some(value) => format!("is {}, which is not a value that is required", value.type_name()),
        };
        Err(Rejection::new(Reason::RequiredClaim, format!("The claim '{}' {why}", quoted(self.path.text()))))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::claims::ClaimsPolicy;
    use crate::claims::tests::selected;

    fn policy(scopes: &[&str], claims: &[(&str, &[&str])]) -> ClaimsPolicy {
        let claim = |(path, values): &(&str, &[&str])| RequiredClaim {
            path: ClaimPath::parse(path, Some(".")).unwrap(),
            values: values.iter().map(|value| RequiredValue::new((*value).to_owned())).collect(),
        };
        ClaimsPolicy {
            required_scopes: RequiredScopes(scopes.iter().map(|scope| (*scope).to_owned()).collect()),
            required_claims: claims.iter().map(claim).collect(),
            ..ClaimsPolicy::default()
        }
    }

    fn verdict(policy: &ClaimsPolicy, payload: &str) -> Result<(), String> {
        let claims = selected(payload, policy);
        let checked = policy.check_required(&claims);
        checked.map_err(|rejection| rejection.message().to_owned())
    }

    #[test]
    fn every_required_scope_must_be_there_as_a_whole_word() {
        let policy = policy(&["trino", "read"], &[]);
        for payload in [
            r#"{"scope":"openid trino read"}"#,
            r#"{"scp":["read","trino"]}"#,
            r#"{"scope":"trino","scp":"read"}"#,
            r#"{"scope":["trino",7,null],"scp":["read"]}"#,
        ] {
            assert_eq!(verdict(&policy, payload), Ok(()), "{payload}");
        }
        for (payload, missing) in [
            ("{}", "scopes 'trino', 'read'"),
            (r#"{"scope":"trino-admin read"}"#, "scope 'trino'"),
            (r#"{"scope":"Trino read"}"#, "scope 'trino'"),
            (r#"{"scope":"trino,read"}"#, "scopes 'trino', 'read'"),
            (r#"{"scope":"trino\tread"}"#, "scopes 'trino', 'read'"),
            (r#"{"scp":["trino read"]}"#, "scopes 'trino', 'read'"),
            (r#"{"scope":{"trino":true,"read":true}}"#, "scopes 'trino', 'read'"),
            (r#"{"scopes":"trino read"}"#, "scopes 'trino', 'read'"),
        ] {
            assert_eq!(verdict(&policy, payload), Err(format!("The token lacks the {missing}")), "{payload}");
        }
    }

    #[test]
    fn a_required_claim_equals_a_value_or_is_a_list_that_holds_one() {
        for (path, values, claim, accepted) in [
            ("c", &["a", "b"][..], r#""b""#, true),
            ("c", &["a", "b"], r#"["x","a"]"#, true),
            ("c", &["a"], r#""A""#, false),
            ("c", &["a"], r#""a ""#, false),
            ("c", &["a"], "[]", false),
            ("c", &["a"], r#"[["a"]]"#, false),
            ("c", &["a"], r#"{"a":true}"#, false),
            ("c", &["null"], "null", false),
            ("c", &["7"], "7", true),
            ("c", &["7"], r#""7""#, true),
            ("c", &["7"], "7.0", true),
            ("c", &["7.5"], "7.5", true),
            ("c", &["7"], "70", false),
            ("c", &["07"], "7", false),
            ("c", &["9223372036854775807"], "9223372036854775807", true),
            ("c", &["9223372036854775807"], "9223372036854775808", false),
            ("c", &["18446744073709551615"], "18446744073709551614", false),
            ("c", &["18446744073709551615"], "18446744073709551615", false),
            ("c", &["18446744073709551615"], r#""18446744073709551615""#, true),
            ("c", &["1e3"], "1000", true),
            ("c", &["true"], "true", true),
            ("c", &["true"], r#""true""#, true),
            ("c", &["1"], "true", false),
            ("c", &["True"], "true", false),
            ("c.d", &["a"], r#"{"d":"a"}"#, true),
            ("/c/1", &["a"], r#"["x","a"]"#, true),
            ("/c/0", &["a"], r#"["x","a"]"#, false),
            ("c.d", &["a"], r#""a""#, false),
        ] {
            let payload = format!(r#"{{"c":{claim}}}"#);
            let verdict = verdict(&policy(&[], &[(path, values)]), &payload);
            assert_eq!(verdict.is_ok(), accepted, "{path} {values:?} {claim}: {verdict:?}");
        }
    }

    #[test]
    fn all_required_claims_must_hold_and_the_message_keeps_their_values() {
        let policy = policy(&[], &[("tenant", &["s3cret-tenant"]), ("level", &["3"])]);
        assert_eq!(verdict(&policy, r#"{"tenant":"s3cret-tenant","level":3}"#), Ok(()));
        for (payload, message) in [
            (r#"{"level":3}"#, "The claim 'tenant' is required and absent"),
            (r#"{"tenant":null}"#, "The claim 'tenant' is required and absent"),
            (r#"{"tenant":"x\n"}"#, "The claim 'tenant' is 'x\\u{a}', which is not a value that is required"),
            (r#"{"tenant":["x"]}"#, "The claim 'tenant' holds none of the values that are required"),
            (
                r#"{"tenant":"s3cret-tenant","level":4}"#,
                "The claim 'level' is a number, which is not a value that is required",
            ),
        ] {
            assert_eq!(verdict(&policy, payload), Err(message.to_owned()), "{payload}");
        }
    }
}
