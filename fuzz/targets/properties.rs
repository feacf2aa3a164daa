// SPDX-License-Identifier: Apache-2.0
//! A property file. What is read, written with every character escaped, and read again must be the same.

#![no_main]

use std::fmt::Write as _;

use libfuzzer_sys::fuzz_target;
use nativejwt_core::{Authenticator, Properties};

fuzz_target!(|data: &[u8]| {
    // Files are read as ISO-8859-1.
    let text: String = data.iter().copied().map(char::from).collect();
    let lines = text.split(['\n', '\r']).count();
    match Properties::parse(&text, "fuzz") {
        Ok(properties) => {
            let mut written = String::new();
            for entry in &properties.entries {
                assert!(entry.line >= 1 && entry.line <= lines, "{entry:?}");
                let _ = writeln!(written, "{}={}", escaped(&entry.name), escaped(&entry.value));
            }
            let again = Properties::parse(&written, "fuzz").expect("what was read can be read again");
            let pairs = |properties: &Properties| -> Vec<(String, String)> {
                properties.entries.iter().map(|entry| (entry.name.clone(), entry.value.clone())).collect()
            };
            assert_eq!(pairs(&again), pairs(&properties));
            if !text.contains("key-file") {
                let errors = Authenticator::open(&properties).err().expect("a configuration without keys is an error");
                assert!(!errors.problems().is_empty());
            }
        }
        Err(errors) => {
            assert!(errors.problems().iter().all(|problem| problem.line() >= 1 && problem.line() <= lines), "{errors}");
        }
    }
});

fn escaped(text: &str) -> String {
    let mut escaped = String::new();
    for unit in text.encode_utf16() {
        let _ = write!(escaped, "\\u{unit:04x}");
    }
    escaped
}
