// SPDX-License-Identifier: Apache-2.0
//! Claim rules for measurements.

use std::fmt::Write as _;

/// A file with this number of rules, of different kinds. Only the last one matches the claims in `bench/claims`.
pub fn claim_rules(count: usize) -> String {
    const KINDS: [&str; 9] = [
        r#"{"claim": "sub", "equals": "someone-NUMBER"}"#,
        r#"{"scope": "scope-NUMBER"}"#,
        r#"{"claim": "groups", "holds": "/group-NUMBER"}"#,
        r#"{"claim": "email", "pattern": "[a-z.]+@unit-NUMBER[.]example"}"#,
        r#"{"claim": "/realm_access/roles", "holds_one_of": ["role-NUMBER", "other-NUMBER"]}"#,
        r#"{"not": {"claim": "email_verified", "equals": true}}"#,
        r#"{"claim": "azp", "one_of": ["cli-NUMBER", "web-NUMBER"]}"#,
        r#"{"issuer": "https://sso-NUMBER.corp.example"}"#,
        r#"{"claim": "allowed-origins", "max_length": 0}"#,
    ];
    let mut json = String::from("{\"rules\":[");
    for (number, kind) in (1..count).zip(KINDS.iter().cycle()) {
        let condition = kind.replace("NUMBER", &number.to_string());
        let _ = write!(json, "{{\"conditions\":[{condition}],\"allow\":false}},");
    }
    json.push_str(
        r#"{"conditions":[{"claim":"groups","holds":"/analytics"}],"allow":true}],"otherwise":{"allow":false}}"#,
    );
    json
}
