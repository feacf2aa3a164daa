// SPDX-License-Identifier: Apache-2.0
//! docs/when-authentication-fails.md shows what the command says, and links to sections that exist. What coordinators and
//! clients say is compared in tests/coordinator.

use std::fs;
use std::path::Path;

use crate::support::*;

fn page(name: &str) -> String {
    fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs").join(name)).unwrap()
}

/// The blocks of a page in a language.
fn blocks(page: &str, language: &str) -> Vec<String> {
    let parts = page.split("\n```").skip(1).step_by(2);
    let parts = parts.filter_map(|part| part.split_once('\n'));
    parts.filter(|(found, _)| *found == language).map(|(_, block)| block.to_owned()).collect()
}

#[test]
fn the_page_shows_what_check_token_says_about_an_expired_token() {
    let (tokens, failures) = (page("tokens.md"), page("when-authentication-fails.md"));
    let folder = Folder::new("failure_page");
    let keys = folder.write("jwks.json", &blocks(&tokens, "json")[0]);
    let config = folder.write("config.properties", blocks(&tokens, "properties")[0].replace("jwks.json", &keys));
    let token: String = blocks(&tokens, "text")[0].split_whitespace().collect();
    let shown = blocks(&failures, "").into_iter().find(|block| block.starts_with("$ nativejwt check-token")).unwrap();
    let (call, output) = shown.split_once('\n').unwrap();
    let arguments = call.strip_prefix("$ nativejwt ").unwrap().strip_suffix(" < token.txt").unwrap();
    let arguments = arguments.replace("config.properties", &config);
    let arguments: Vec<&str> = arguments.split(' ').collect();
    assert_eq!(run_with_input(&arguments, token.as_bytes()).expect_code(1).text().trim_end(), output);
    run_with_input(&["inspect", "-"], token.as_bytes()).expect_code(0);
}

/// The heading that makes this anchor.
fn anchors(page: &str) -> Vec<String> {
    let headings = page.lines().filter(|line| line.starts_with('#')).map(|line| line.trim_start_matches('#').trim());
    let kept = |c: &char| c.is_alphanumeric() || matches!(c, ' ' | '_' | '-');
    headings.map(|heading| heading.to_lowercase().chars().filter(kept).collect::<String>().replace(' ', "-")).collect()
}

#[test]
fn every_link_of_the_page_leads_to_a_section() {
    let failures = page("when-authentication-fails.md");
    let mut links = 0;
    for link in failures.split("](").skip(1).filter_map(|rest| rest.split_once(')')).map(|(link, _)| link) {
        let (file, anchor) = link.split_once('#').unwrap_or((link, ""));
        let target = if file.is_empty() { failures.clone() } else { page(file) };
        assert!(anchor.is_empty() || anchors(&target).iter().any(|found| found == anchor), "{link}");
        links += 1;
    }
    assert!(links > 20, "{links}");
}

#[test]
fn each_reason_of_the_page_has_the_message_of_the_page_of_reasons() {
    let (failures, reasons) = (page("when-authentication-fails.md"), page("reasons.md"));
    let mut rows = 0;
    for line in failures.lines().filter(|line| line.starts_with("| `") && line.contains("](reasons.md#")) {
        let message = line.split('`').nth(1).unwrap();
        let name = line.split("[`").nth(1).unwrap().split('`').next().unwrap();
        assert!(line.contains(&format!("(reasons.md#{})", name.to_lowercase())), "{line}");
        let (_, section) = reasons.split_once(&format!("### {name}\n")).unwrap();
        let begins = message.split('…').next().unwrap().trim_end();
        assert!(section.lines().nth(1).unwrap().contains(&format!("`{begins}")), "{line}");
        rows += 1;
    }
    assert!(rows > 10, "{rows}");
}
