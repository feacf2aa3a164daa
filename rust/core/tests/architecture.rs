// SPDX-License-Identifier: Apache-2.0
//! The walk of a request in ARCHITECTURE.md names functions and files that exist.

#![allow(clippy::unwrap_used, clippy::panic, clippy::indexing_slicing, reason = "a test")]

use std::fs;
use std::path::{Path, PathBuf};

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..")
}

/// The words in backticks.
fn quoted(cell: &str) -> Vec<&str> {
    cell.split('`').skip(1).step_by(2).collect()
}

/// All files below a folder that end in `end`.
fn files(folder: &Path, end: &str) -> Vec<PathBuf> {
    let mut found = Vec::new();
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            found.extend(files(&path, end));
        } else if path.to_str().unwrap().ends_with(end) {
            found.push(path);
        }
    }
    found
}

/// True if a Rust file of the row defines the function, or a Java class of that name has the method.
fn exists(name: &str, places: &[String]) -> bool {
    if let Some((class, method)) = name.split_once('.') {
        let java = files(&root().join("java/src"), &format!("/{class}.java"));
        return java.iter().any(|file| fs::read_to_string(file).unwrap().contains(&format!(" {method}(")));
    }
    let function = format!("fn {}", name.rsplit("::").next().unwrap());
    let defines =
        |text: &str| text.match_indices(&function).any(|(at, _)| text[at + function.len()..].starts_with(['(', '<']));
    let paths = places.iter().flat_map(|place| [root().join(place), root().join("rust/core/src").join(place)]);
    paths.filter(|path| path.is_file()).any(|path| defines(&fs::read_to_string(path).unwrap()))
}

#[test]
fn the_walk_of_a_request_names_functions_that_exist() {
    let page = fs::read_to_string(root().join("ARCHITECTURE.md")).unwrap();
    let mut places: Vec<String> = Vec::new();
    let mut steps = 0;
    let mut missing = Vec::new();
    for line in page.lines() {
        let cells: Vec<&str> = line.split('|').map(str::trim).collect();
        let [_, number, functions, files, ..] = &cells[..] else { continue };
        if number.parse::<usize>() != Ok(steps + 1) {
            continue;
        }
        steps += 1;
        if *files != "the same" {
            places = quoted(files).into_iter().map(str::to_owned).collect();
        }
        for name in quoted(functions).into_iter().filter(|name| !name.starts_with("Java_")) {
            if !exists(name, &places) {
                missing.push(format!("step {number}: {name}"));
            }
        }
    }
    assert!(steps >= 20, "the table has {steps} steps");
    assert!(missing.is_empty(), "{missing:#?}");
}
