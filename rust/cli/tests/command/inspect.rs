// SPDX-License-Identifier: Apache-2.0
use serde_json::json;

use crate::support::*;

#[test]
fn header_and_claims_are_shown_as_they_were_written() {
    let token = unsigned(
        r#"{"alg":"RS256","kid":"k"}"#,
        r#"{"sub":"alice","n":1.50,"big":123456789012345678901234567890,"exp":1}"#,
    );
    let answer = run(&["inspect", "--json", &token]).expect_code(0);
    assert_eq!(
        answer.line(),
        r#"{"verified":false,"header":{"alg":"RS256","kid":"k"},"claims":{"sub":"alice","n":1.50,"big":123456789012345678901234567890,"exp":1},"remarks":["the signature has 9 bytes, but RS256 has 256 or more (RSA keys of 2048 bits or more): alg is not the algorithm that the issuer used, or the signature was cut"]}"#
    );
    let text = run(&["inspect", &token]).expect_code(0).text();
    assert!(text.starts_with("NOT VERIFIED: anyone can write such a token.\n"), "{text}");
    for part in [
        "\"sub\": \"alice\"",
        "\"n\": 1.50",
        "expires     1970-01-01T00:00:01.000Z (",
        " ago)",
        "9 bytes, not verified",
    ] {
        assert!(text.contains(part), "{part}: {text}");
    }
}

#[test]
fn times_are_printed_in_words() {
    let token = unsigned(r#"{"alg":"RS256"}"#, r#"{"iat":0,"nbf":100.5,"auth_time":7}"#);
    let text = run(&["inspect", &token]).expect_code(0).text();
    for part in [
        "issued      1970-01-01T00:00:00.000Z (",
        "not before  1970-01-01T00:01:40.000Z (",
        "logged in   1970-01-01T00:00:07.000Z (",
        "expires     never: the token has no exp",
    ] {
        assert!(text.contains(part), "{part}: {text}");
    }
    let far = unsigned(r#"{"alg":"RS256"}"#, r#"{"exp":99999999999999999999999}"#);
    run(&["inspect", &far]).expect_code(0);
}

#[test]
fn a_token_that_every_coordinator_rejects_is_shown_with_the_reason() {
    for (header, payload, reason) in [
        (r#"{"alg":"none"}"#, "{}", "UNSECURED_TOKEN"),
        (r#"{"alg":"RS256"}"#, r#"{"sub":"a","sub":"b"}"#, "DUPLICATE_MEMBER"),
        (r#"{"alg":"RS256"}"#, r#"{"exp":"1"}"#, "INVALID_CLAIM"),
        (r#"{"alg":"RS256"}"#, "[1]", "MALFORMED_CLAIMS"),
    ] {
        let token = unsigned(header, payload);
        let answer = run(&["inspect", "--json", &token]).expect_code(0).json();
        assert_eq!(answer["unacceptable"]["reason"], reason, "{answer}");
        let text = run(&["inspect", &token]).expect_code(0).text();
        assert!(text.contains("rejected by every coordinator") && text.contains(reason), "{text}");
    }
}

#[test]
fn a_text_that_is_not_a_token_is_rejected() {
    for (token, reason) in [
        ("", "MALFORMED_TOKEN"),
        ("a.b", "MALFORMED_TOKEN"),
        ("a.b.c.d.e", "ENCRYPTED_TOKEN"),
        ("!.e30.AA", "MALFORMED_BASE64"),
        (&unsigned("no json", "{}"), "MALFORMED_HEADER"),
        (&unsigned(r#"{"alg":"RS256"}"#, "{\u{0}}"), "MALFORMED_CLAIMS"),
    ] {
        let answer = run(&["inspect", "--json", "--", token]).expect_code(1).json();
        assert_eq!(answer["reason"], reason);
        assert_eq!(answer["verified"], false);
        assert!(run(&["inspect", "--", token]).expect_code(1).text().contains(reason));
    }
    let answer = run_with_input(&["inspect", "--json", "-"], b"\xff\xff.e30.AA").expect_code(1).json();
    assert_eq!(answer["reason"], "MALFORMED_BASE64");
}

#[test]
fn a_token_is_read_from_standard_input() {
    let token = unsigned(r#"{"alg":"RS256"}"#, r#"{"sub":"x"}"#);
    let answer = run_with_input(&["inspect", "--json", "-"], format!("{token}\n").as_bytes()).expect_code(0).json();
    assert_eq!(answer["claims"], json!({"sub": "x"}));
}
