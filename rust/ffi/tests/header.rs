//! The committed C header is what cbindgen makes of the sources. `NATIVEJWT_UPDATE=1 cargo test` writes it anew.

use std::{env, fs, path::Path};

use nativejwt_core::Reason;

#[test]
fn the_committed_header_is_fresh() {
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
        "include/nativejwt.h is not what the sources say; run NATIVEJWT_UPDATE=1 cargo test -p nativejwt-ffi"
    );
}

/// The table of rejects, which is made by a macro that cbindgen does not see through.
fn reject_codes() -> String {
    let mut text = String::from("\n/* Codes of rejects; a number is never given to another reason. */\n");
    for code in Reason::ALL {
        text += &format!("/* {} */\n#define NATIVEJWT_REJECT_{} {}\n", code.meaning(), code.name(), code.number());
    }
    text
}
