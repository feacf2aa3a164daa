// SPDX-License-Identifier: Apache-2.0
//! The cache file: writing, checks when reading, and a full disk.

use std::os::unix::fs::{PermissionsExt as _, symlink};
use std::process::Command;

use super::*;

const DAY: Duration = Duration::from_secs(86_400);

struct Folder(PathBuf);

impl Folder {
    fn new(name: &str) -> Self {
        let folder = std::env::temp_dir().join(format!("nativejwt-cache-{name}-{}", std::process::id()));
        fs::create_dir_all(&folder).unwrap();
        Self(folder)
    }

    fn file(&self) -> CacheFile {
        CacheFile::new(self.0.join("keys.json"), "5ource".to_owned(), "https://idp.example/jwks".to_owned())
    }

    fn names(&self) -> Vec<String> {
        let mut names: Vec<_> =
            fs::read_dir(&self.0).unwrap().map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect();
        names.sort();
        names
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.0);
    }
}

fn cached(document: &str) -> Cached {
    Cached {
        document: document.into(),
        validator: Some(Validator { of: "d1gest".to_owned(), etag: "W/\"1\"".to_owned() }),
        fetched_at: UnixMillis(1_795_316_645_678),
    }
}

#[test]
fn a_written_file_is_read_again_and_only_its_owner_has_access() {
    let folder = Folder::new("written");
    let file = folder.file();
    assert_eq!(file.read(), Ok(None), "there is none");
    let first = cached("{\"keys\":[\t\"\u{e9}\n\"]}");
    file.write(&first).unwrap();
    assert_eq!(file.read(), Ok(Some(first)));
    assert_eq!(fs::metadata(&file.path).unwrap().permissions().mode() & 0o7777, 0o600);
    let text = fs::read_to_string(&file.path).unwrap();
    assert!(
        text.starts_with(
            r#"{"version":1,"source":"5ource","address":"https://idp.example/jwks","fetched_at_ms":1795316645678,"fetched_at":"2026-11-22T03:04:05.678Z","#
        ),
        "{text}"
    );
    // A file that a crash left, or another user created, is neither followed nor reused.
    let bait = folder.0.join("bait");
    fs::write(&bait, "bait").unwrap();
    symlink(&bait, folder.0.join(".keys.json.new")).unwrap();
    let second = Cached { validator: None, ..cached("{}") };
    file.write(&second).unwrap();
    assert_eq!(file.read(), Ok(Some(second)));
    assert_eq!(fs::read_to_string(bait).unwrap(), "bait");
    assert_eq!(folder.names(), ["bait", "keys.json"]);
}

#[test]
fn the_largest_document_fits() {
    let folder = Folder::new("large");
    let document = "\"".repeat(MAX_DOCUMENT_BYTES);
    folder.file().write(&cached(&document)).unwrap();
    assert_eq!(&*folder.file().read().unwrap().unwrap().document, document);
}

#[test]
fn a_file_that_others_can_write_is_not_used() {
    let folder = Folder::new("foreign");
    let file = folder.file();
    file.write(&cached("{}")).unwrap();
    for (mode, unusable) in [(0o620, true), (0o602, true), (0o666, true), (0o644, false), (0o400, false)] {
        fs::set_permissions(&file.path, fs::Permissions::from_mode(mode)).unwrap();
        let read = file.read();
        assert_eq!(read.is_err(), unusable, "{mode:o}: {read:?}");
        if let Err(why) = read {
            assert_eq!(why, format!("other users can write it (mode {mode:04o}); change its mode to 0600"));
        }
    }
    assert_eq!(
        check_trusted(true, 1001, 0o600, 1000).unwrap_err(),
        "it belongs to the user with ID 1001, but this process runs as 1000"
    );
    assert!(check_trusted(true, 0, 0o600, 1000).is_err());
    assert!(check_trusted(true, 1000, 0o100_600, 1000).is_ok());
    // As root, with a real file.
    if std::os::unix::fs::chown(&file.path, Some(12_345), None).is_ok() {
        assert!(file.read().unwrap_err().starts_with("it belongs to the user with ID 12345"));
    }
}

#[test]
fn a_path_that_is_not_a_regular_file_is_an_error_without_blocking() {
    let folder = Folder::new("irregular");
    let file = folder.file();
    let target = folder.0.join("target");
    fs::write(&target, "{}").unwrap();
    symlink(&target, &file.path).unwrap();
    assert_eq!(file.read().unwrap_err(), "it is a symbolic link");
    fs::remove_file(&file.path).unwrap();
    fs::create_dir(&file.path).unwrap();
    assert_eq!(file.read().unwrap_err(), "it is not a regular file");
    assert!(file.write(&cached("{}")).is_err(), "nor is it replaced");
    fs::remove_dir(&file.path).unwrap();
    rustix::fs::mknodat(
        rustix::fs::CWD,
        &file.path,
        rustix::fs::FileType::Fifo,
        rustix::fs::Mode::RUSR | rustix::fs::Mode::WUSR,
        0,
    )
    .unwrap();
    assert_eq!(file.read().unwrap_err(), "it is not a regular file");
}

#[test]
fn a_broken_file_is_reported_with_its_reason() {
    let folder = Folder::new("broken");
    let file = folder.file();
    file.write(&cached("{}")).unwrap();
    let text = fs::read_to_string(&file.path).unwrap();
    for (text, why) in [
        (String::new(), "it is not a JSON object: JSON ends too early"),
        ("[]".to_owned(), "it is not a JSON object"),
        (text[..text.len() - 1].to_owned(), "it is not a JSON object: JSON ends too early"),
        (text.replace(r#"{"version":1"#, r#"{"version":1,"version":1"#), "it contains a duplicate member"),
        (text.replace(r#""version":1"#, r#""version":2"#), "its version is 2, but only 1 is supported"),
        (text.replace(r#""version":1"#, r#""version":"1""#), "it has no version"),
        (text.replace("5ource", "other"), "its keys were fetched from another address than https://idp.example/jwks"),
        (text.replace("1795316645678", "null"), "it has no fetched_at_ms"),
        (text.replace("\"document\"", "\"d\""), "it has no fetched_at_ms or no document"),
        (" ".repeat(usize::try_from(MAX_FILE_BYTES).unwrap() + 1), "it is larger than 2113536 bytes"),
    ] {
        fs::write(&file.path, &text).unwrap();
        let error = file.read().unwrap_err();
        assert!(error.starts_with(why), "{error} for {why}");
    }
}

#[test]
fn an_etag_that_no_header_can_contain_is_dropped() {
    let folder = Folder::new("etag");
    let long = "a".repeat(1025);
    for (etag, kept) in [("W/\"a b\"", true), ("a\r\nX: 1", false), ("\u{e9}", false), ("", false), (&*long, false)] {
        let validator = Some(Validator { of: "d1gest".to_owned(), etag: etag.to_owned() });
        folder.file().write(&Cached { validator, ..cached("{}") }).unwrap();
        assert_eq!(folder.file().read().unwrap().unwrap().validator.is_some(), kept, "{etag}");
    }
}

#[test]
fn age_counts_from_the_fetch_and_a_clock_far_behind_is_not_trusted() {
    let now = UnixMillis(1_795_316_645_678);
    let minutes = |minutes: i64| UnixMillis(now.0 + minutes * 60_000);
    assert_eq!(age(minutes(-60), now, DAY), Ok(Duration::from_secs(3600)));
    assert_eq!(age(minutes(5), now, DAY), Ok(Duration::ZERO));
    assert!(age(UnixMillis(minutes(5).0 + 1), now, DAY).unwrap_err().ends_with("which is in the future"));
    assert!(age(UnixMillis(now.0 - 86_399_999), now, DAY).is_ok());
    for old in [now.0 - 86_400_000, 0, i64::MIN] {
        assert!(age(UnixMillis(old), now, DAY).unwrap_err().ends_with("which is too long ago"), "{old}");
    }
    assert!(age(UnixMillis(i64::MAX), UnixMillis(i64::MIN), DAY).is_err());
}

#[test]
fn a_full_disk_is_one_warning_and_keeps_the_previous_file() {
    // A limit on the file size simulates a full disk: the write fails in the middle, without special privileges.
    let test = format!("{}::alone_write_to_a_full_disk", module_path!().split_once("::").unwrap().1);
    let output = Command::new("sh")
        .args(["-c", "trap '' XFSZ; ulimit -f 8; exec \"$0\" --ignored --exact \"$1\" --nocapture"])
        .arg(std::env::current_exe().unwrap())
        .arg(test)
        .output()
        .unwrap();
    let text = String::from_utf8_lossy(&output.stdout);
    assert!(output.status.success() && text.contains("1 passed"), "{text} {}", String::from_utf8_lossy(&output.stderr));
}

#[test]
#[ignore = "run by a_full_disk_is_one_warning_and_keeps_the_previous_file"]
fn alone_write_to_a_full_disk() {
    let folder = Folder::new("full");
    let (file, events) = (folder.file(), Events::default());
    let small = cached("{}");
    file.save(&small, &events);
    let large = cached(&" ".repeat(100_000));
    for _ in 0..3 {
        file.save(&large, &events);
    }
    assert_eq!(file.read(), Ok(Some(small.clone())));
    assert_eq!(folder.names(), ["keys.json"], "nothing is left of the attempt");
    file.save(&small, &events);
    let logged: Vec<_> = std::iter::from_fn(|| events.pop()).map(|event| (event.level, event.text)).collect();
    assert_eq!(logged.len(), 2, "{logged:?}");
    assert_eq!(logged[0].0, Level::Warning);
    assert!(
        logged[0].1.contains("cannot be saved to the cache file") && logged[0].1.contains("File too large"),
        "{logged:?}"
    );
    assert!(logged[1].1.ends_with("again"), "{logged:?}");
}
