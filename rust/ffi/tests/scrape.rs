// SPDX-License-Identifier: Apache-2.0
//! Checks that the sample configuration of Prometheus gives every metric of `/metrics` its name and its labels.
//! `NATIVEJWT_UPDATE=1 cargo test -p nativejwt-ffi` writes the part that is generated.

#![expect(clippy::unwrap_used, reason = "helpers of tests fail as tests do")]

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, Instant};
use std::{env, fs, thread};

use nativejwt_core::{
    Authenticator, BuiltIn, HostProcess, JvmTrust, Metric, MetricKind, Sample, ShadowHeader, Snapshot, UnixMillis,
};
use nativejwt_storage::StorageLeases;
use test_support::serve::FileServer;
use test_support::{TemporaryFolder, properties};

const SAMPLE: &str = "etc/observability/prometheus.yml";
const BEGIN: &str = "      # <generated>\n";
const END: &str = "      # </generated>";

/// Until a file was fetched or polled.
const LIMIT: Duration = Duration::from_secs(60);

#[test]
fn the_sample_configuration_relabels_every_metric() {
    let snapshot = everything();
    for metric in Metric::ALL {
        assert!(
            snapshot.samples().iter().any(|sample| sample.metric == *metric),
            "{}: this test must configure what gives a value",
            metric.name()
        );
    }
    let mut rules = String::new();
    for metric in Metric::ALL {
        let mut by_name: BTreeMap<&str, Vec<&Sample>> = BTreeMap::new();
        for sample in snapshot.samples().iter().filter(|sample| sample.metric == *metric) {
            by_name.entry(sample.suffix).or_default().push(sample);
        }
        for (suffix, samples) in by_name {
            add_rules(&mut rules, &format!("{}{suffix}", metric.name()), &samples);
        }
    }

    let file = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..").join(SAMPLE);
    let present = fs::read_to_string(&file).unwrap();
    let (before, rest) = present.split_once(BEGIN).unwrap();
    let (_, after) = rest.split_once(END).unwrap();
    let fresh = format!("{before}{BEGIN}{rules}{END}{after}");
    if env::var_os("NATIVEJWT_UPDATE").is_some() {
        fs::write(&file, &fresh).unwrap();
    }
    assert!(
        fs::read_to_string(&file).unwrap() == fresh,
        "{SAMPLE} is out of date: run NATIVEJWT_UPDATE=1 cargo test -p nativejwt-ffi"
    );
}

/// How the name of a metric in `/metrics` gives the value of a label.
#[derive(PartialEq, Eq, PartialOrd, Ord)]
struct LabelRule {
    label: String,
    value: String,
}

/// A rule for each value of each label, and one for the name.
fn add_rules(rules: &mut String, name: &str, samples: &[&Sample]) {
    let mut values: BTreeMap<LabelRule, Vec<String>> = BTreeMap::new();
    let mut all = Vec::new();
    for sample in samples {
        let (bean, issuer) = bean_pattern(&sample.bean);
        let (attribute, groups) = attribute_pattern(sample);
        let pattern = format!("{bean}_ATTRIBUTE_{attribute}");
        for (label, value) in &sample.labels {
            let value = if Some(*label) == issuer {
                // The group of the bean's name.
                "$1".to_owned()
            } else if let Some(group) = groups.iter().find(|group| group.0 == *label) {
                group.1.replace("$N", if issuer.is_some() { "$2" } else { "$1" })
            } else {
                value.clone()
            };
            let patterns = values.entry(LabelRule { label: (*label).to_owned(), value }).or_default();
            if !patterns.contains(&pattern) {
                patterns.push(pattern.clone());
            }
        }
        if !all.contains(&pattern) {
            all.push(pattern);
        }
    }
    // The order in which files changed must not show.
    values.values_mut().for_each(|patterns| patterns.sort());
    all.sort();
    for (rule, patterns) in values {
        let LabelRule { label, value } = rule;
        add_rule(rules, &patterns, &label, &value);
    }
    add_rule(rules, &all, "__name__", name);
}

fn add_rule(rules: &mut String, patterns: &[String], label: &str, value: &str) {
    let pattern = alternatives(patterns);
    // The first group is the default.
    let replacement = if value == "$1" { String::new() } else { format!(", replacement: '{value}'") };
    writeln!(
        rules,
        "      - {{source_labels: [__name__], regex: 'JMX_io_nativejwt_{pattern}', target_label: {label}{replacement}}}"
    )
    .unwrap();
}

/// One pattern for all: what they begin with stands once.
fn alternatives(patterns: &[String]) -> String {
    if let [only] = patterns {
        return only.clone();
    }
    let marker = "_ATTRIBUTE_";
    let (bean, _) = patterns.first().unwrap().split_once(marker).unwrap();
    let attributes: Vec<_> = patterns
        .iter()
        .map(|pattern| {
            let (other, attribute) = pattern.split_once(marker).unwrap();
            assert_eq!(other, bean, "the values of a metric are in one kind of MBean");
            attribute
        })
        .collect();
    format!("{bean}{marker}(?:{})", attributes.join("|"))
}

/// The MBean as `/metrics` writes it, and the label that its name is the value of, if it is.
fn bean_pattern(bean: &str) -> (String, Option<&'static str>) {
    let mut properties: Vec<(&str, &str)> = bean.split(',').map(|part| part.split_once('=').unwrap()).collect();
    properties.sort_unstable();
    let is_issuer = properties.contains(&("type", "Issuer"));
    let names: Vec<_> = properties
        .iter()
        .map(|(key, value)| match *key {
            "name" if is_issuer => "NAME_(.+)".to_owned(),
            key => format!("{}_{value}", key.to_ascii_uppercase()),
        })
        .collect();
    (names.join("_"), is_issuer.then_some("issuer"))
}

/// The attribute as a pattern, with the labels whose values are a part of it. `$N` is the first group of the attribute.
fn attribute_pattern(sample: &Sample) -> (String, Vec<(&'static str, String)>) {
    let attribute = sample.attribute.as_str();
    if sample.metric == Metric::ShadowDifferences {
        let groups = ["builtin", "native", "row"].into_iter().zip(["$1", "$2", "$3"]);
        let groups = groups.map(|(label, group)| (label, group.to_owned())).collect();
        // The shortest reason: a row may begin with a number.
        return ("Difference_([a-z]+)_([A-Z0-9_]+?|accepted)_([a-z0-9_]+)".to_owned(), groups);
    }
    for (label, value) in &sample.labels {
        // The reasons: new ones need no new rule.
        if value == attribute {
            return ("(.+)".to_owned(), vec![(label, "$N".to_owned())]);
        }
        // The numbers of rules.
        if !value.is_empty()
            && value.bytes().all(|byte| byte.is_ascii_digit())
            && let Some((before, after)) = attribute.split_once(value.as_str())
        {
            return (format!("{before}([0-9]+){after}"), vec![(label, "$N".to_owned())]);
        }
        if sample.metric.kind() == MetricKind::Info {
            let (before, _) = attribute.split_once('_').unwrap();
            return (
                format!("{before}_([0-9]+)_([0-9]+)_([0-9]+)(.*)"),
                vec![(label, "${1}.${2}.${3}${4}".to_owned())],
            );
        }
    }
    (attribute.to_owned(), Vec::new())
}

/// A snapshot that has every metric: everything is configured, and a file of rules was changed to a good and to a bad one.
fn everything() -> Snapshot {
    let folder = TemporaryFolder::new();
    let path = |name: &str| folder.path().join(name).to_str().unwrap().to_owned();
    let write = |name: &str, text: &str| fs::write(path(name), text).unwrap();
    write(
        "keys.json",
        r#"{"keys":[{"kty":"EC","kid":"a","crv":"P-256","x":"axfR8uEsQkf4vOblY6RA8ncDfYEt6zOg9KE5RdiYwpY","y":"T-NC4v4af5uO5-tKfA-eFivOM1drMV7Oy7ZAaDe_UfU"}]}"#,
    );
    write("users.json", r#"{"rules":[{"pattern":"(.*)"}]}"#);
    write("claims.json", r#"{"rules":[{"conditions":[{"max_age":"6h"}],"allow":true}],"otherwise":{"allow":true}}"#);
    write("revoked", "");
    let url = FileServer::start().url(&path("keys.json"));
    let (users, claims, revoked, logouts) = (path("users.json"), path("claims.json"), path("revoked"), path("logouts"));
    let properties = properties([
        ("key-file", url.as_str()),
        ("required-issuer", "https://idp.example.com"),
        ("required-audience", "trino"),
        ("user-mapping.file", &users),
        ("claim-rules.file", &claims),
        ("revocation-file", &revoked),
        ("backchannel-logout.client-id", "trino"),
        ("backchannel-logout.file", &logouts),
        ("storage.sts-endpoint", "https://sts.example.com"),
        ("storage.role", "arn:aws:iam::1:role/${USER}"),
    ]);
    let host = HostProcess::default();
    let authenticator = Arc::new(Authenticator::open_with(&properties, &host).unwrap());
    let storage = StorageLeases::open(&properties, &JvmTrust::None, &authenticator).unwrap().unwrap();
    let snapshot = || {
        let mut snapshot = authenticator.metrics();
        storage.add_metrics(&mut snapshot);
        snapshot
    };
    until(|| has(&snapshot(), Metric::KeysFetchedTimestamp) && has(&snapshot(), Metric::KeyRefresherTimestamp));
    for rules in [r#"{"rules":[{"pattern":"(.+)"}]}"#, "broken"] {
        let before = reload_times(&snapshot());
        write("users.json", rules);
        until(|| reload_times(&snapshot()) > before);
    }
    let mut snapshot = snapshot();
    complete_reload_times(&mut snapshot);
    add_shadow(&mut snapshot);
    snapshot
}

/// Shadow mode, which is not for a coordinator that does the rest, with a difference.
fn add_shadow(snapshot: &mut Snapshot) {
    let key = test_support::sign::verifying_file("rsa-2048");
    let properties = properties([("key-file", key.to_str().unwrap()), ("shadow", "true")]);
    let shadow = Authenticator::open(&properties).unwrap();
    let accepted = BuiltIn::Accepted { user: "alice", principal: "alice" };
    let difference = shadow.judge_shadow(ShadowHeader::Value(b"Bearer x"), UnixMillis(0), &accepted, Duration::ZERO);
    assert!(difference.is_some());
    for sample in shadow.metrics().samples().iter().filter(|sample| sample.bean == "name=Shadow") {
        let labels: Vec<&str> = sample.labels.iter().map(|(_, value)| value.as_str()).collect();
        snapshot.add(sample.metric, &labels, &sample.bean, &sample.attribute, sample.value);
    }
}

fn has(snapshot: &Snapshot, metric: Metric) -> bool {
    snapshot.samples().iter().any(|sample| sample.metric == metric)
}

fn reload_times(snapshot: &Snapshot) -> usize {
    snapshot.samples().iter().filter(|sample| sample.metric == Metric::ReloadTimestamp).count()
}

/// The times of the other kinds of files: their attributes are named like those of the counters.
fn complete_reload_times(snapshot: &mut Snapshot) {
    let counters: Vec<Sample> =
        snapshot.samples().iter().filter(|sample| sample.metric == Metric::Reloads).cloned().collect();
    let present: Vec<String> = snapshot
        .samples()
        .iter()
        .filter(|sample| sample.metric == Metric::ReloadTimestamp)
        .map(|sample| sample.attribute.clone())
        .collect();
    let named: Vec<String> = counters.iter().map(|counter| format!("{}TimestampSeconds", counter.attribute)).collect();
    assert!(present.iter().all(|attribute| named.contains(attribute)), "{present:?}");
    for (counter, attribute) in counters.iter().zip(&named) {
        if !present.contains(attribute) {
            let labels: Vec<&str> = counter.labels.iter().map(|(_, value)| value.as_str()).collect();
            snapshot.add(Metric::ReloadTimestamp, &labels, &counter.bean, attribute, 0.0);
        }
    }
}

fn until(state: impl Fn() -> bool) {
    let begin = Instant::now();
    while !state() {
        assert!(begin.elapsed() < LIMIT, "waited in vain");
        thread::sleep(Duration::from_millis(20));
    }
}
