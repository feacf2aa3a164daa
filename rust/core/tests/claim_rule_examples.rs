// SPDX-License-Identifier: Apache-2.0
//! The pages about claim rules and the cases belong together: each rule on a page is a part of a file that cases use, and
//! the list of Kubernetes' tests names cases that exist.

#![allow(clippy::unwrap_used, clippy::panic, clippy::indexing_slicing, reason = "a test")]

use std::collections::BTreeSet;
use std::fs;
use std::path::PathBuf;
use std::sync::LazyLock;

use nativejwt_core::{ClaimRules, UnixMillis};
use serde::Deserialize;
use serde_json::value::RawValue;
use test_support::case::{Case, Expected, load_all};

const EXAMPLES: &str = "docs/claim-rule-examples.md";

/// Signing their tokens takes seconds, so they are made once.
static CASES: LazyLock<Vec<Case>> = LazyLock::new(|| load_all().unwrap());

/// The beginnings of the names of files with the rules of other systems.
const SYSTEMS: [&str; 4] = ["agentgateway-", "gloo-", "kgateway-", "kubernetes-"];

fn root() -> PathBuf {
    test_support::tests_folder().join("..")
}

/// The text without white space, so that only line breaks and indentation may differ.
fn without_white_space(text: &str) -> String {
    text.split_whitespace().collect()
}

/// The blocks of JSON on a page, without white space.
fn json_blocks(page: &str) -> Vec<String> {
    let text = fs::read_to_string(root().join(page)).unwrap();
    let mut blocks = Vec::new();
    for block in text.split("\n```json\n").skip(1) {
        blocks.push(without_white_space(block.split("\n```").next().unwrap()));
    }
    blocks
}

/// The names and the texts of the files for cases, without white space. Those that are broken on purpose are left out.
fn files() -> Vec<(String, String)> {
    let mut files = Vec::new();
    for entry in fs::read_dir(test_support::tests_folder().join("cases/claim-rules")).unwrap() {
        let path = entry.unwrap().path();
        let name = path.file_name().unwrap().to_str().unwrap().to_owned();
        if !name.starts_with("broken-") {
            files.push((name, without_white_space(&fs::read_to_string(&path).unwrap())));
        }
    }
    files.sort();
    files
}

fn uses(case: &Case, file: &str) -> bool {
    let end = format!("/claim-rules/{file}");
    case.config.iter().any(|(name, value)| name.ends_with(".claim-rules.file") && value.ends_with(&end))
}

#[test]
fn each_block_of_json_is_a_part_of_a_file_for_cases() {
    let files = files();
    for page in [EXAMPLES, "docs/deciding-by-claims.md"] {
        let blocks = json_blocks(page);
        assert!(blocks.len() > 5, "{page}: {} blocks", blocks.len());
        for block in blocks {
            assert!(files.iter().any(|(_, text)| text.contains(&block)), "{page}: no file contains {block}");
        }
    }
}

#[test]
fn the_page_of_examples_shows_every_file_with_examples() {
    let blocks = json_blocks(EXAMPLES);
    for (name, text) in files() {
        if !SYSTEMS.iter().any(|system| name.starts_with(system)) {
            continue;
        }
        let shown: Vec<_> = blocks.iter().filter(|block| text.contains(*block)).collect();
        let rules = text.split_once("\"rules\":[").unwrap().1.rsplit_once("],\"otherwise\"").unwrap().0;
        let is_whole = shown.iter().any(|block| block.contains(rules));
        assert!(is_whole, "{EXAMPLES} does not show all rules of {name}");
        // What the page says about a part of a file.
        for part in shown.iter().filter(|block| !block.contains("\"rules\":")) {
            let allows = part.contains("\"allow\":true");
            assert_ne!(allows, part.contains("\"allow\":false"), "{name}: a part both allows and denies");
            let otherwise = format!("\"otherwise\":{{\"allow\":{}}}", !allows);
            assert!(text.contains(&otherwise), "{name}: {otherwise}");
        }
    }
}

#[test]
fn every_file_with_examples_accepts_a_token_and_rejects_one() {
    for (name, _) in files() {
        if !SYSTEMS.iter().any(|system| name.starts_with(system)) {
            continue;
        }
        let expected: Vec<_> = CASES.iter().filter(|case| uses(case, &name)).map(|case| &case.expected).collect();
        assert!(expected.iter().any(|one| matches!(one, Expected::Identity { .. })), "{name} accepts no token");
        assert!(expected.iter().any(|one| matches!(one, Expected::Reject { .. })), "{name} rejects no token");
    }
}

/// A case for `check-rules --cases`.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct RuleCase<'t> {
    name: String,
    #[serde(borrow)]
    claims: &'t RawValue,
    at: Option<i64>,
    allow: bool,
    groups: Option<Vec<String>>,
    message: Option<String>,
}

#[test]
fn the_table_of_cases_on_the_page_is_right_about_the_file_on_the_page() {
    let folder = test_support::tests_folder().join("cases/claim-rules");
    let rules = ClaimRules::from_file(&folder.join("whole.json")).unwrap();
    assert_eq!(rules.warnings(), []);
    let text = fs::read_to_string(folder.join("whole.cases.json")).unwrap();
    for case in serde_json::from_str::<Vec<RuleCase<'_>>>(&text).unwrap() {
        let now = UnixMillis(case.at.unwrap_or(1_700_000_000) * 1000);
        match rules.try_claims(case.claims.get().as_bytes(), now, 0).1 {
            Ok(granted) => {
                assert!(case.allow, "{} is accepted", case.name);
                assert!(case.groups.is_none() || case.groups == granted.groups, "{}: {granted:?}", case.name);
            }
            Err(rejection) => {
                assert!(!case.allow, "{}: {}", case.name, rejection.message());
                assert_eq!(Some(rejection.message()), case.message.as_deref(), "{}", case.name);
            }
        }
    }
}

#[test]
fn the_list_of_kubernetes_tests_names_cases_that_exist() {
    let page = fs::read_to_string(test_support::tests_folder().join("cases/kubernetes-oidc.md")).unwrap();
    let cases: BTreeSet<&str> = CASES.iter().map(|case| &*case.name).collect();
    let mut tests = BTreeSet::new();
    let mut proved = 0;
    for line in page.lines().filter(|line| line.starts_with("| `")) {
        let cells: Vec<&str> = line.split(" | ").collect();
        let [test, _, _, named] = &cells[..] else { panic!("four cells: {line}") };
        assert!(tests.insert(*test), "{test} is listed twice");
        let named: Vec<&str> = named.split('`').skip(1).step_by(2).collect();
        proved += usize::from(!named.is_empty());
        for name in named {
            assert!(cases.contains(name), "{test}: there is no case '{name}'");
        }
    }
    let counts = format!("There are {} tests", tests.len());
    assert!(page.contains(&counts), "{counts}");
    let counts = format!("to {proved} of them. For the other {}", tests.len() - proved);
    assert!(page.contains(&counts), "{counts}");
}
