// SPDX-License-Identifier: Apache-2.0
//! Checks that the committed C header is what cbindgen generates from the sources. `NATIVEJWT_UPDATE=1 cargo test` writes it.

use std::{env, fs, path::Path};

use nativejwt_core::Reason;

#[test]
fn the_committed_header_is_up_to_date() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR"));
    let mut config = cbindgen::Config::from_file(folder.join("cbindgen.toml")).unwrap();
    config.after_includes = Some(reject_codes());
    let mut fresh = Vec::new();
    cbindgen::Builder::new().with_crate(folder).with_config(config).generate().unwrap().write(&mut fresh);

    let committed = folder.join("include/nativejwt.h");
    if env::var_os("NATIVEJWT_UPDATE").is_some() {
        fs::write(&committed, &fresh).unwrap();
    }
    let fresh = String::from_utf8(fresh).unwrap();
    assert!(
        fs::read_to_string(&committed).unwrap_or_default() == fresh,
        "include/nativejwt.h is out of date: run NATIVEJWT_UPDATE=1 cargo test -p nativejwt-ffi"
    );
}

/// The table of reasons. A macro makes it, which cbindgen does not expand.
fn reject_codes() -> String {
    let mut text =
        String::from("\n/* The reasons of rejections. The number of a reason never changes, and is never reused. */\n");
    for code in Reason::ALL {
        text += &format!("/* {} */\n#define NATIVEJWT_REJECT_{} {}\n", code.meaning(), code.name(), code.number());
    }
    text
}
