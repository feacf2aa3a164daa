// SPDX-License-Identifier: Apache-2.0
//! What an authenticator counts.

use super::*;
use crate::metrics::{Metric, MetricKind};

/// The value of a metric, with these values of its labels.
fn value(authenticator: &Authenticator, metric: Metric, labels: &[&str]) -> Option<f64> {
    let snapshot = authenticator.metrics();
    let mut samples = snapshot.samples().iter().filter(|sample| sample.metric == metric);
    samples.find(|sample| sample.labels.iter().map(|(_, value)| value).eq(labels)).map(|sample| sample.value)
}

#[test]
fn each_request_is_counted_once_by_outcome_reason_and_issuer() {
    let key = Key::new(1);
    let setting = with_key_file("metrics-requests", &key, "");
    let authenticator = setting.authenticator();
    let of = |metric, labels: &[&str]| value(authenticator, metric, labels).unwrap();
    let token = key.token("", r#"{"sub":"alice","exp":9}"#);
    for _ in 0..3 {
        assert!(authenticate(authenticator, &token, 0).is_ok());
    }
    assert_eq!(
        authenticate(authenticator, &key.token("", r#"{"sub":"alice","exp":8}"#), 9000),
        Err(Reason::TokenExpired)
    );
    assert_eq!(authenticate(authenticator, "garbage", 0), Err(Reason::MalformedToken));
    assert!(authenticator.authenticate(b"", UnixMillis(0)).is_err());
    let outcomes = ["accepted", "rejected", "without_token"].map(|outcome| of(Metric::Requests, &[outcome]));
    assert_eq!(outcomes, [3.0, 2.0, 1.0]);
    let by_issuer = ["cached", "verified", "rejected"].map(|outcome| of(Metric::IssuerRequests, &["default", outcome]));
    // Garbage has no issuer.
    assert_eq!(by_issuer, [2.0, 1.0, 1.0]);
    for reason in Reason::ALL {
        let is_counted = [Reason::TokenExpired, Reason::MalformedToken, Reason::NoBearerToken].contains(reason);
        assert_eq!(of(Metric::Rejections, &[reason.name()]), f64::from(u8::from(is_counted)), "{reason}");
    }
    assert_eq!(
        (of(Metric::CacheHits, &[]), of(Metric::CacheMisses, &[]), of(Metric::CacheTokens, &[])),
        (2.0, 3.0, 1.0)
    );
    assert_eq!(of(Metric::VerificationSeconds, &["+Inf"]), 3.0);
    // Commands and renewals of storage credentials judge tokens that nobody sent.
    assert!(authenticator.authenticate_token(token.as_bytes(), UnixMillis(0)).is_ok());
    authenticator.explain(format!("Bearer {token}").as_bytes(), UnixMillis(0), |_| ()).unwrap();
    assert_eq!(of(Metric::Requests, &["accepted"]), 3.0);
    authenticator.count_rejection_by_caller(Reason::SeveralAuthorizationHeaders);
    assert_eq!(of(Metric::Requests, &["rejected"]), 3.0);
}

#[test]
fn a_failed_last_check_makes_a_rejection_of_a_cached_token_as_well() {
    let key = Key::new(1);
    let setting = with_key_file("metrics-check", &key, "");
    let header = format!("Bearer {}", key.token("", ALICE));
    let request = |refuses: bool| {
        let check = |token: &[u8], identity: &Identity| {
            assert_eq!(
                (format!("Bearer {}", str::from_utf8(token).unwrap()), identity.user.as_str()),
                (header.clone(), "alice")
            );
            if refuses { Err(Rejection::new(Reason::StorageDenied, "no")) } else { Ok(7) }
        };
        let clock = UnixMillis(0);
        setting.authenticator().authenticate_and(header.as_bytes(), clock, check, |verdict| {
            verdict.map(|(accepted, more)| (accepted.was_known, more)).map_err(|rejection| rejection.code())
        })
    };
    assert_eq!(request(true), Err(Reason::StorageDenied));
    assert_eq!(request(false), Ok((true, 7)));
    assert_eq!(request(true), Err(Reason::StorageDenied));
    let by_issuer = ["cached", "verified", "rejected"]
        .map(|outcome| value(setting.authenticator(), Metric::IssuerRequests, &["default", outcome]).unwrap());
    assert_eq!(by_issuer, [1.0, 0.0, 2.0]);
}

#[test]
fn changes_of_files_are_counted_and_the_counters_of_an_issuer_continue() {
    let key = Key::new(1);
    let setting = Setting::new(
        "metrics-files",
        &[("key.json", &key.jwk("")), ("rules.json", r#"{"rules":[{"pattern":"(.*)"}]}"#)],
    )
    .open("key-file=@/key.json\nuser-mapping.file=@/rules.json");
    assert!(authenticate(setting.authenticator(), &key.token("", ALICE), 0).is_ok());
    let of = |metric, labels: &[&str]| value(setting.authenticator(), metric, labels);
    assert_eq!(of(Metric::MappingRuleHits, &["default", "1"]), Some(1.0));
    assert_eq!(of(Metric::ReloadTimestamp, &["user_mapping", "in_use"]), None);
    setting.write("rules.json", r#"{"rules":[{"pattern":"alice","user":"al"},{"pattern":"(.*)"}]}"#);
    setting.poll();
    setting.write("key.json", "broken");
    setting.poll();
    assert_eq!(of(Metric::Reloads, &["user_mapping", "in_use"]), Some(1.0));
    assert_eq!(of(Metric::Reloads, &["keys", "unusable"]), Some(1.0));
    assert_eq!(of(Metric::Reloads, &["keys", "in_use"]), Some(0.0));
    let times = [["user_mapping", "in_use"], ["user_mapping", "unusable"], ["keys", "in_use"], ["keys", "unusable"]]
        .map(|labels| of(Metric::ReloadTimestamp, &labels).is_some());
    assert_eq!(times, [true, false, false, true]);
    assert!(of(Metric::FilesPolledTimestamp, &[]).is_some());
    assert_eq!(of(Metric::IssuerRequests, &["default", "verified"]), Some(1.0));
    assert_eq!(of(Metric::CacheInvalidations, &[]), Some(1.0));
    assert_eq!(of(Metric::MappingRuleHits, &["default", "2"]), Some(0.0));
}

#[test]
fn the_text_has_each_metric_once_before_its_values_and_every_name_is_valid() {
    let setting = with_key_file("metrics-text", &Key::new(1), "");
    let text = setting.authenticator().metrics().to_text();
    let mut present = None;
    let mut seen = Vec::new();
    for line in text.lines() {
        let fields: Vec<&str> = line.split('\t').collect();
        match fields.as_slice() {
            ["metric", name, kind, help] => {
                assert!(!seen.contains(name) && !help.is_empty(), "{line}");
                assert!(["counter", "gauge", "histogram", "info"].contains(kind), "{line}");
                seen.push(name);
                present = Some(*name);
            }
            ["sample", bean, attribute, name, labels, value] => {
                assert!(present.is_some_and(|metric| name.starts_with(metric)), "{line}");
                assert!(
                    bean.contains("name=")
                        && attribute.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'_')
                );
                assert!(labels.is_empty() || labels.starts_with('{') && labels.ends_with("\"}"), "{line}");
                assert!(value.parse::<f64>().is_ok(), "{line}");
            }
            _ => panic!("{line}"),
        }
    }
    assert!(text.contains(
        "sample\tname=Rejections\tTOKEN_EXPIRED\tnativejwt_rejections_total\t{reason=\"TOKEN_EXPIRED\"}\t0\n"
    ));
    assert!(text.contains(
        "sample\tname=Verification\tLe0000050Micros\tnativejwt_verification_seconds_bucket\t{le=\"5e-05\"}\t0\n"
    ));
    for metric in Metric::ALL {
        assert!(metric.name().starts_with("nativejwt") && !metric.name().ends_with("_total"));
        assert!(metric.kind() != MetricKind::Histogram || metric.labels().is_empty());
    }
}
