// SPDX-License-Identifier: Apache-2.0
//! The cost of a rule file with 10 000 rules: to load it, which should take less than a second, and to try all of them
//! without a match, which should take less than 100 ns a rule (10 Melem/s).
#![allow(missing_docs, reason = "criterion's macros make undocumented functions")]
#![allow(clippy::unwrap_used, clippy::panic, reason = "the rules of a benchmark are valid")]

use std::hint::black_box;
use std::path::{Path, PathBuf};

use criterion::{Criterion, Throughput, criterion_group, criterion_main};
use nativejwt_core::UserMapping;

const RULES: u32 = 10_000;
const PRINCIPAL: &str = "alice.liddell@corp.example.com";

/// A rule file in which no rule matches the principal. `pattern` makes the pattern of each rule, as JSON text.
fn rule_file(name: &str, pattern: impl Fn(u32) -> String) -> PathBuf {
    let rules: Vec<String> =
        (0..RULES).map(|rule| format!("{{\"pattern\":\"{}\",\"user\":\"$1\"}}", pattern(rule))).collect();
    let path = std::env::temp_dir().join(format!("nativejwt-bench-{}-{name}.json", std::process::id()));
    std::fs::write(&path, format!("{{\"rules\":[\n{}\n]}}", rules.join(",\n"))).unwrap();
    path
}

fn open(path: &Path) -> UserMapping {
    UserMapping::from_file(path).unwrap_or_else(|errors| panic!("{errors:?}"))
}

fn ten_thousand_rules(c: &mut Criterion) {
    type Maker = fn(u32) -> String;
    let kinds: [(&str, Maker); 3] = [
        ("a literal end, (.*)@corp17\\.com", |rule| format!("(.*)@corp{rule}\\\\.com")),
        ("no literal edge, ([a-z]+17)@.*", |rule| format!("([a-z]+{rule})@.*")),
        ("backtracking, (?!svc-)(.*)17@x.*", |rule| format!("(?!svc-)(.*){rule}@x.*")),
    ];
    let mut group = c.benchmark_group("10 000 rules");
    group.sample_size(10).throughput(Throughput::Elements(u64::from(RULES)));
    for (index, (name, pattern)) in kinds.into_iter().enumerate() {
        let path = rule_file(&index.to_string(), pattern);
        group.bench_function(format!("loaded: {name}"), |b| b.iter(|| open(&path)));
        let mapping = open(&path);
        group.bench_function(format!("passed over: {name}"), |b| {
            b.iter(|| mapping.explain(black_box(PRINCIPAL)).is_err());
        });
        let _ = std::fs::remove_file(&path);
    }
    group.finish();
}

criterion_group!(benches, ten_thousand_rules);
criterion_main!(benches);
