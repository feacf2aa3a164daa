// SPDX-License-Identifier: Apache-2.0
//! Checks which engine is used, and that neither can be made to hang.
#![allow(
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::print_stdout,
    clippy::unwrap_used,
    reason = "a test says what went wrong by panicking, and prints what it compared"
)]

mod random;

use java_regex::{Budget, Engine, MatchError, Pattern, Replacement, to_lower_case, trim};
use random::{Profile, Random};
use std::time::{Duration, Instant};

#[test]
fn real_rules_are_answered_in_linear_time() {
    for pattern in [
        r"(.*)@corp\.com",
        r"([^@]+)@(?:corp\.com|example\.org)",
        r"(?i)corp\\(.*)",
        r"(?<user>[^/]+)/[^@]+@REALM",
        r"^(.+)$",
        r"\b(\w+)\b.*",
        r"(.*a){12}",
        r"(?m)^(.*)$",
        r"(a|b)*?c",
    ] {
        assert_eq!(Pattern::new(pattern).unwrap().engine(), Engine::Linear, "{pattern}");
    }
}

#[test]
fn what_is_not_proved_equal_is_left_to_the_backtracker() {
    for pattern in [
        r"(?!svc-).*",
        r"(?<=a)b",
        r"(a)\1",
        r"(?>a|ab)c",
        r"a*+b",
        r"\Ga",
        r"(a*)*",
        r"(?:|a)+",
        r"(?:\R)+",
        r"(\b)*a",
        r"\x{d83d}",
    ] {
        assert_eq!(Pattern::new(pattern).unwrap().engine(), Engine::Backtracking, "{pattern}");
    }
}

#[test]
fn inputs_the_linear_engine_is_not_proved_for_go_to_the_backtracker() {
    // Java finds the empty match in the middle of the pair; the linear engine could not.
    let pattern = Pattern::new("x*").unwrap();
    let dash = Replacement::new(&pattern, "-").unwrap();
    assert_eq!(pattern.engine(), Engine::Linear);
    assert_eq!(pattern.replace_all("\u{1F600}", &dash), Err(MatchError::UnpairedSurrogate));
    // `$` before a last line end, `(?m)`, and a mark that belongs to a word.
    assert!(Pattern::new(r"(?s)a$.*").unwrap().matches("a\n").unwrap());
    assert!(!Pattern::new(r"(?m)^").unwrap().matches("").unwrap());
    assert!(Pattern::new(r"(?s)a.*(?m)^b").unwrap().matches("a\nb").unwrap());
    assert!(!Pattern::new(r"a\b.").unwrap().matches("a\u{301}").unwrap());
}

#[test]
fn the_classic_explosion_is_answered_in_microseconds() {
    for pattern in ["(.*a){12}", "(a+)+b"] {
        let pattern = Pattern::new(pattern).unwrap();
        // The input has the text that every match contains, so that the engine is reached.
        let input = "a".repeat(40) + "b!";
        assert_eq!(pattern.matches(&input), Ok(false));
        let start = Instant::now();
        for _ in 0..100 {
            assert_eq!(pattern.matches(&input), Ok(false));
        }
        let each = start.elapsed() / 100;
        println!("{} on 40 a and b!: {each:?}", pattern.as_str());
        assert!(each < Duration::from_millis(1), "{each:?}");
    }
}

#[test]
fn an_explosion_of_the_backtracker_ends_in_a_clean_reject() {
    for pattern in [r"(?=)(.*a){12}", r"(?:(?=a)(?:a|aa))+b", r"(x+x+)+(?!z)y", r"((a|ab)(b?))*\1c"] {
        let pattern = Pattern::new(pattern).unwrap().backtracking_only();
        let start = Instant::now();
        let input = "a".repeat(40) + "bcy!";
        let answer = pattern.matches(&input);
        let find = pattern.find_spans(&input);
        println!("{}: {answer:?} after {:?}", pattern.as_str(), start.elapsed());
        assert!(answer == Ok(false) || answer == Err(MatchError::StepLimit));
        assert!(find.is_ok() || find == Err(MatchError::StepLimit));
        assert!(start.elapsed() < Duration::from_secs(5));
    }
    // Java takes 5 s for this on 28 `a`.
    let pattern = Pattern::new("(?!svc-)(.*a){12}").unwrap();
    assert_eq!(pattern.engine(), Engine::Backtracking);
    assert_eq!(pattern.matches(&("a".repeat(40) + "!")), Err(MatchError::StepLimit));
}

#[test]
fn calls_that_share_a_budget_share_its_steps() {
    // About 300 000 steps without a match.
    let pattern = Pattern::new("(?!svc-)(.*a){4}").unwrap();
    let input = "a".repeat(40) + "!";
    let with = Replacement::new(&pattern, "x").unwrap();
    let mut budget = Budget::default();
    let answers: Vec<_> = (0..20).map(|_| pattern.matches_within(&input, &mut budget)).collect();
    assert_eq!((answers[0], answers[19]), (Ok(false), Err(MatchError::StepLimit)), "each is below the limit by itself");
    assert_eq!(pattern.matches(&input), Ok(false), "a call without a budget has its own");
    assert_eq!(pattern.replace_all_within(&input, &with, &mut budget), Err(MatchError::StepLimit));
    assert!(pattern.replace_all(&input, &with).is_ok());
    // A call without steps still succeeds.
    assert_eq!(Pattern::new("b(?=c)c").unwrap().matches_within(&input, &mut budget), Ok(false));
}

#[test]
fn failed_positions_of_an_outermost_loop_are_remembered() {
    // Without the memory of failures, this takes 2^40 steps: both alternatives lead to the same positions.
    let pattern = Pattern::new("(?=)(?:a|a|aa)*b").unwrap();
    assert_eq!(pattern.engine(), Engine::Backtracking);
    assert_eq!(pattern.matches(&("a".repeat(2_000) + "bc")), Ok(false));
    // With a back-reference, a failure depends on more than the position, and is not remembered.
    let pattern = Pattern::new(r"(?:(a)|aa)*b\1").unwrap();
    assert_eq!(pattern.matches(&("a".repeat(60) + "bc")), Err(MatchError::StepLimit));
    // An input without the text that every match contains takes no steps.
    assert_eq!(pattern.matches(&"a".repeat(60)), Ok(false));
}

#[test]
fn long_inputs_need_no_deep_stack() {
    // Java ends in a StackOverflowError here, on its default stack.
    let input = "ab".repeat(50_000);
    assert_eq!(Pattern::new("(a|b)*").unwrap().matches(&input), Ok(true));
    assert_eq!(Pattern::new("(?=a)(?:a|b)*").unwrap().matches(&input), Ok(true));
}

#[test]
fn the_deepest_nesting_fits_a_small_stack() {
    // A JVM thread has a stack of 1 MB. Without optimization, frames are several times larger.
    let work = || {
        for (open, close) in [("(", ")"), ("(?:a|", ")*"), ("(?=", ")"), ("[a", "]")] {
            let pattern = Pattern::new(&(open.repeat(200) + "b" + &close.repeat(200))).unwrap();
            assert!(pattern.matches("b").is_ok());
            assert!(pattern.backtracking_only().find_spans("abab").is_ok());
        }
    };
    let stack = if cfg!(debug_assertions) { 4 << 20 } else { 512 << 10 };
    std::thread::Builder::new().stack_size(stack).spawn(work).unwrap().join().unwrap();
}

#[test]
fn nothing_from_outside_makes_it_panic() {
    let mut random = Random::new(1);
    let profiles = [Profile::Mapping, Profile::Ordinary, Profile::Adversarial, Profile::Classes, Profile::Syntax];
    for round in 0..20_000 {
        let profile = profiles[round % profiles.len()];
        let Ok(pattern) = Pattern::new(&random.pattern(profile)) else { continue };
        let replacement = Replacement::new(&pattern, &random.template());
        for other in profiles {
            let input = random.input(other);
            let _ = pattern.matches(&input);
            if let Ok(replacement) = &replacement {
                let _ = pattern.replace_all(&input, replacement).map(|user| to_lower_case(trim(&user)));
            }
            // The template of another pattern refers to groups that do not exist.
            let other = Pattern::new("((((a))))").unwrap();
            let foreign = Replacement::new(&other, "$4$1").unwrap();
            let _ = pattern.replace_all(&input, &foreign);
        }
    }
}

#[test]
fn patterns_are_shared_between_threads() {
    fn shared<T: Send + Sync>() {}
    shared::<Pattern>();
    shared::<Replacement>();
}

#[test]
fn trim_takes_everything_up_to_the_space() {
    assert_eq!(trim("\u{0}\t\n a b \u{1f} "), "a b");
    assert_eq!(trim("\u{a0}a\u{2003}"), "\u{a0}a\u{2003}");
    assert_eq!(trim(" \n "), "");
}

#[test]
fn accessors_say_what_was_compiled() {
    let pattern = Pattern::new("(?<user>a)(b)").unwrap();
    assert_eq!(pattern.as_str(), "(?<user>a)(b)");
    assert_eq!(pattern.group_count(), 2);
    assert_eq!(pattern.group_number("user"), Some(1));
    assert_eq!(pattern.group_number("other"), None);
    assert!(format!("{pattern:?}").contains("(?<user>a)(b)"));
}
