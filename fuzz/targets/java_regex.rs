// SPDX-License-Identifier: Apache-2.0
//! A pattern, a template and an input, separated by NUL. Both engines must return the same results, and the results must be
//! consistent.

#![no_main]

use java_regex::{MatchError, Pattern, Replacement, to_lower_case, to_upper_case, trim};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|data: &[u8]| {
    let Ok(text) = std::str::from_utf8(data) else { return };
    let mut parts = text.splitn(3, '\0');
    let pattern = parts.next().unwrap_or_default();
    let template = parts.next().unwrap_or_default();
    let input = parts.next().unwrap_or_default();
    assert!(trim(input).len() <= input.len());
    let _ = (to_lower_case(input), to_upper_case(input));
    let compiled = match Pattern::new(pattern) {
        Ok(compiled) => compiled,
        Err(error) => {
            assert!(error.position() <= pattern.chars().count(), "{error}");
            return;
        }
    };
    let backtracking = Pattern::new(pattern).expect("it was a pattern").backtracking_only();
    let verdict = compiled.matches(input);
    if let (Ok(one), Ok(other)) = (verdict, backtracking.matches(input)) {
        assert_eq!(one, other, "the engines differ");
    }
    let units = input.encode_utf16().count();
    if let (Ok(spans), Ok(verdict)) = (compiled.match_spans(input), verdict) {
        assert_eq!(spans.is_some(), verdict);
        if let Some(spans) = spans {
            assert_eq!(spans.len(), compiled.group_count() + 1);
            assert_eq!(spans[0], Some((0, units)));
            check(&spans, units);
        }
    }
    let finds = compiled.find_spans(input);
    if let Ok(finds) = &finds {
        finds.iter().for_each(|spans| check(spans, units));
        if let Ok(others) = backtracking.find_spans(input) {
            let whole = |finds: &[java_regex::Spans]| finds.iter().map(|spans| spans[0]).collect::<Vec<_>>();
            assert_eq!(whole(finds), whole(&others), "the engines find different matches");
        }
    }
    // If every match is replaced by itself, the result is the input.
    let itself = Replacement::new(&compiled, "$0").expect("every pattern has a group 0");
    match compiled.replace_all(input, &itself) {
        Ok(same) => assert_eq!(same, input),
        Err(error) => assert_eq!(error, MatchError::StepLimit),
    }
    if let Ok(template) = Replacement::new(&compiled, template) {
        let replaced = compiled.replace_all(input, &template);
        if let (Ok(one), Ok(other)) = (&replaced, backtracking.replace_all(input, &template)) {
            assert_eq!(*one, other, "the engines replace differently");
        }
        if finds.is_ok_and(|finds| finds.is_empty()) {
            assert_eq!(replaced.as_deref(), Ok(input));
        }
    }
});

fn check(spans: &java_regex::Spans, units: usize) {
    for (start, end) in spans.iter().flatten() {
        assert!(start <= end && *end <= units, "{spans:?} of {units}");
    }
}
