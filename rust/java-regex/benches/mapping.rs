// SPDX-License-Identifier: Apache-2.0
//! The cost of a rule: skipped, matched, replaced, loaded.
#![allow(missing_docs, reason = "criterion's macros make undocumented functions")]
#![allow(clippy::unwrap_used, reason = "a benchmark's patterns compile")]

use criterion::{Criterion, criterion_group, criterion_main};
use java_regex::{Pattern, Replacement, to_lower_case};
use std::hint::black_box;

const PRINCIPAL: &str = "alice.liddell@corp.example.com";

fn rules(c: &mut Criterion) {
    let mut group = c.benchmark_group("matches, 30 bytes");
    for (name, pattern) in [
        ("miss by its literal end: (.*)@corp\\.com", r"(.*)@corp\.com"),
        ("miss by the linear engine: (.*)@(\\d+)", r"(.*)@(\d+)"),
        ("miss by the linear engine: (\\w+)", r"(\w+)"),
        ("match, linear: (.*)@corp\\.example\\.com", r"(.*)@corp\.example\.com"),
        ("miss, backtracking: (?!alice)(.*)@(.*)", r"(?!alice)(.*)@(.*)"),
        ("match, backtracking: (?!svc-)(.*)@(.*)", r"(?!svc-)(.*)@(.*)"),
    ] {
        let pattern = Pattern::new(pattern).unwrap();
        group.bench_function(name, |b| b.iter(|| pattern.matches(black_box(PRINCIPAL))));
    }
    group.finish();
}

/// Patterns that keep other engines busy for seconds, or forever. JDK 25 takes 7 s, 5 s, and 0.2 ms (whose failures Java
/// remembers) for them with 28 `a`.
fn explosion(c: &mut Criterion) {
    let input = "a".repeat(40) + "!";
    let mut group = c.benchmark_group("explosion, on 40 a and a !");
    for (name, pattern) in [
        ("linear: (.*a){12}", "(.*a){12}"),
        ("backtracking, to the step limit: (?!svc-)(.*a){12}", "(?!svc-)(.*a){12}"),
        ("linear: (a+)+b", "(a+)+b"),
    ] {
        let pattern = Pattern::new(pattern).unwrap();
        group.bench_function(name, |b| b.iter(|| pattern.matches(black_box(&input))));
    }
    group.finish();
}

fn replacing(c: &mut Criterion) {
    for (name, pattern) in
        [("linear", r"(.*)@corp\.example\.com"), ("backtracking", r"(?!svc-)(.*)@corp\.example\.com")]
    {
        let pattern = Pattern::new(pattern).unwrap();
        let replacement = Replacement::new(&pattern, "$1").unwrap();
        c.bench_function(&format!("replace_all, {name}"), |b| {
            b.iter(|| pattern.replace_all(black_box(PRINCIPAL), &replacement));
        });
    }
    c.bench_function("to_lower_case, ASCII", |b| b.iter(|| to_lower_case(black_box(PRINCIPAL))));
    c.bench_function("to_lower_case, Greek", |b| b.iter(|| to_lower_case(black_box("ΟΔΥΣΣΕΥΣ@corp.example.com"))));
}

fn loading(c: &mut Criterion) {
    c.bench_function("load a rule with a literal end", |b| b.iter(|| Pattern::new(black_box(r"(.*)@corp\.com"))));
    c.bench_function("load a rule without", |b| b.iter(|| Pattern::new(black_box(r"(?:a|b)([a-z]+)@.*\.[a-z]{2,}"))));
}

criterion_group!(benches, rules, explosion, replacing, loading);
criterion_main!(benches);
