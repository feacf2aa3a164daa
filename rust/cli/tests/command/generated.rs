// SPDX-License-Identifier: Apache-2.0
//! Man pages and completions are committed, so that releases copy them and reviews show their changes. This test checks
//! that they are what the command generates.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

use crate::support::*;

fn files(folder: &Path) -> BTreeMap<String, String> {
    let mut files = BTreeMap::new();
    for inner in ["man", "completions"] {
        for entry in fs::read_dir(folder.join(inner)).unwrap() {
            let path = entry.unwrap().path();
            let name = format!("{inner}/{}", path.file_name().unwrap().to_str().unwrap());
            files.insert(name, fs::read_to_string(path).unwrap());
        }
    }
    files
}

#[test]
fn the_committed_man_pages_and_completions_are_up_to_date() {
    let folder = Folder::new("generated");
    let path = folder.path("docs");
    run(&["generate-docs", &path]).expect_code(0);
    let (fresh, committed) = (files(Path::new(&path)), files(&Path::new(env!("CARGO_MANIFEST_DIR")).join("generated")));
    let names = |files: &BTreeMap<String, String>| files.keys().cloned().collect::<Vec<_>>();
    let advice = "run 'cargo run -p nativejwt-cli -- generate-docs rust/cli/generated' and commit the result";
    assert_eq!(names(&fresh), names(&committed), "{advice}");
    for (name, text) in &fresh {
        assert!(*text == committed[name], "{name} is stale: {advice}");
    }
    for call in [
        "issue",
        "keygen",
        "jwks",
        "inspect",
        "verify-jws",
        "check-token",
        "check-config",
        "map-user",
        "check-rules",
        "revoke",
    ] {
        let page = &fresh[&format!("man/nativejwt-{call}.1")];
        assert!(page.contains(".SH EXAMPLES\n.nf\n") && page.trim_end().ends_with(".fi"), "{page}");
    }
    assert_eq!(names(&fresh).iter().filter(|name| name.starts_with("completions/")).count(), 3);
    assert!(fresh.values().all(|text| !text.contains("generate-docs") && !text.contains("generate__docs")));
}
