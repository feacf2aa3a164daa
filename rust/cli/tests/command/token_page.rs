// SPDX-License-Identifier: Apache-2.0
//! docs/tokens.md shows one token, the key that verifies it, and what the command says about both.

use std::fs;
use std::path::Path;

use crate::support::*;

/// The blocks of the page in a language, in their order; without one, those of a terminal.
fn blocks(page: &str, language: &str) -> Vec<String> {
    let mut blocks = Vec::new();
    let mut lines = page.lines();
    while let Some(line) = lines.next() {
        if let Some(found) = line.strip_prefix("```") {
            let block: Vec<&str> = lines.by_ref().take_while(|line| *line != "```").collect();
            if found == language {
                blocks.push(block.join("\n"));
            }
        }
    }
    blocks
}

fn page() -> String {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs/tokens.md");
    fs::read_to_string(path).unwrap()
}

fn token(page: &str) -> String {
    blocks(page, "text")[0].split_whitespace().collect()
}

/// What the page shows below a call of the command.
fn output<'p>(blocks: &'p [String], call: &str) -> &'p str {
    let block = blocks.iter().find(|block| block.starts_with(&format!("$ nativejwt {call} "))).unwrap();
    block.split_once('\n').unwrap().1
}

/// Without what is said in parentheses at the end of a line: how long ago.
fn without_ages(text: &str) -> String {
    text.trim_end().lines().map(|line| line.split(" (").next().unwrap_or_default()).collect::<Vec<_>>().join("\n")
}

#[test]
fn the_page_shows_what_inspect_says_about_its_token() {
    let page = page();
    let said = run(&["inspect", &token(&page)]).expect_code(0).text();
    assert_eq!(without_ages(output(&blocks(&page, ""), "inspect")), without_ages(&said));
}

#[test]
fn the_page_shows_how_its_key_and_its_configuration_verify_its_token() {
    let page = page();
    let folder = Folder::new("token-page");
    let keys = folder.write("jwks.json", &blocks(&page, "json")[0]);
    let config = blocks(&page, "properties")[0].replace("jwks.json", &keys);
    let config = folder.write("config.properties", config);
    let check = |token: &str, at: &str| run(&["check-token", "--config", &config, "--at", at, token]);
    let said = check(&token(&page), "2026-11-29T05:30:00Z").expect_code(0).text();
    assert_eq!(output(&blocks(&page, ""), "check-token"), said.trim_end());
    // As the page says: one changed character of a claim, and the end of its life.
    let forged = token(&page).replacen(".eyJ", ".eyK", 1);
    let said = check(&forged, "2026-11-29T05:30:00Z").expect_code(1).text();
    assert!(said.contains("signature     REJECTED"), "{said}");
    let said = check(&token(&page), "2026-11-29T06:00:01Z").expect_code(1).text();
    assert!(said.contains("TOKEN_EXPIRED"), "{said}");
}
