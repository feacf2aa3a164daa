// SPDX-License-Identifier: Apache-2.0
use std::collections::BTreeSet;

use super::*;
use crate::token_cache::tests::Random;

const NOW: UnixMillis = UnixMillis(1_795_867_200_000);
const PAST: &str = "2026-11-28T11:59:59Z";
const FUTURE: &str = "2026-11-28T12:00:01Z";

fn token(header: &str, payload: &str) -> String {
    format!("{}.{}.c2ln", URL_SAFE_NO_PAD.encode(header), URL_SAFE_NO_PAD.encode(payload))
}

fn read(text: &str) -> RevocationList {
    RevocationList::read(text.as_bytes(), "f").unwrap_or_else(|errors| panic!("{errors}"))
}

fn errors(text: impl AsRef<[u8]>) -> String {
    RevocationList::read(text.as_ref(), "f").err().expect("errors").to_string()
}

/// The line that revokes the token.
fn line(list: &RevocationList, token: &str) -> Option<usize> {
    Names::with(token.as_bytes(), |names| list.find(names, NOW).map(|found| list.shown(found).0)).unwrap()
}

const HEADER: &str = r#"{"alg":"RS256","kid":"k1"}"#;
/// `iat` is 12:00, as is [`NOW`].
const PAYLOAD: &str = r#"{"iss":"i","sub":"alice","jti":"t1","sid":"s1","iat":1795867200}"#;

fn revokes(text: &str, header: &str, payload: &str) -> bool {
    line(&read(text), &token(header, payload)).is_some()
}

#[test]
fn each_kind_names_its_own_part_of_the_token() {
    let whole = token(HEADER, PAYLOAD);
    let digest = URL_SAFE_NO_PAD.encode(token_digest(whole.rsplit_once('.').unwrap().0.as_bytes()));
    let names = [("jti", "t1"), ("sub", "alice"), ("sid", "s1"), ("kid", "k1"), ("iss", "i"), ("token", &digest)];
    for (kind, value) in names {
        assert!(revokes(&format!("{kind}={value}"), HEADER, PAYLOAD), "{kind}");
        if kind != "token" {
            for other in ["", "x"] {
                let value = format!("{value}{other}x");
                assert!(!revokes(&format!("{kind}={value}"), HEADER, PAYLOAD), "{kind}={value}");
            }
            // Another kind with the same value names nothing of this token.
            let (other, _) = names.iter().find(|(other, _)| *other != kind && *other != "token").unwrap();
            assert!(!revokes(&format!("{other}={value}"), HEADER, PAYLOAD), "{other}={value}");
        }
        // A token without the name.
        assert!(!revokes(&format!("{kind}={value}"), r#"{"alg":"RS256"}"#, "{}"), "{kind}");
    }
    assert!(!revokes("sub=Alice", HEADER, PAYLOAD) && !revokes("kid=K1", HEADER, PAYLOAD));
    // `sid` of another type is not a session, and no error.
    assert!(!revokes("sid=7", HEADER, r#"{"sid":7}"#) && revokes("sub=a", HEADER, r#"{"sid":7,"sub":"a"}"#));
}

#[test]
fn a_token_is_named_by_its_signing_input_whatever_its_signature_is() {
    let whole = token(HEADER, PAYLOAD);
    let entry = RevocationEntry::of_token(whole.as_bytes()).unwrap();
    let list = read(&entry.to_string());
    let twin = format!("{}.b3RoZXI", whole.rsplit_once('.').unwrap().0);
    assert_eq!((line(&list, &whole), line(&list, &twin)), (Some(1), Some(1)));
    assert_eq!(line(&list, &token(HEADER, r#"{"sub":"alice"}"#)), None);
    // The digest in hexadecimal digits is the same.
    let digest = URL_SAFE_NO_PAD.decode(&*entry.value).unwrap();
    for hex in [|byte: &u8| format!("{byte:02x}"), |byte: &u8| format!("{byte:02X}")] {
        let hex: String = digest.iter().map(hex).collect();
        assert_eq!(line(&read(&format!("token={hex}")), &twin), Some(1));
    }
}

#[test]
fn the_entry_of_a_token_ends_after_its_exp_and_the_longest_clock_skew() {
    let until = |payload: &str| RevocationEntry::of_token(token(HEADER, payload).as_bytes()).unwrap().until;
    assert_eq!(until(r#"{"exp":1000}"#), Some(UnixMillis(4_600_000)));
    assert_eq!(until(r#"{"exp":1000.9}"#), Some(UnixMillis(4_600_000)), "as the coordinator reads it");
    assert_eq!(
        (until("{}"), until(r#"{"exp":9223372036854774}"#)),
        (None, None),
        "no end, and none that can be written"
    );
    for wrong in ["", "a.b", "a.b.c", &token(HEADER, "[]"), &token(HEADER, r#"{"exp":"x"}"#)] {
        assert!(RevocationEntry::of_token(wrong.as_bytes()).is_err(), "{wrong}");
    }
}

/// Every kind with every combination of the options, each of which includes the token or not.
#[test]
fn an_entry_holds_only_if_all_of_its_options_do() {
    let whole = token(HEADER, PAYLOAD);
    let digest = RevocationEntry::of_token(whole.as_bytes()).unwrap().value.into_owned();
    let issuers = [("", true), (" issuer=i", true), (" issuer=j", false), (" issuer=I", false)];
    let issued = [
        ("", true),
        (" issued-before=2026-11-28T12:00:00.001Z", true),
        (" issued-before=2026-11-28T13:00:00.5+00:30", true),
        (" issued-before=2026-11-28T12:00:00Z", false),
        (" issued-before=2026-11-28T11:00:00Z", false),
    ];
    let untils = [("", true), (" until=2026-11-28T12:00:00Z", true), (" until=2026-11-28T11:59:59.999Z", false)];
    for name in ["jti=t1", "sub=alice", "sid=s1", "kid=k1", "iss=i", &format!("token={digest}")] {
        for (issuer, is_issuer) in issuers {
            for (before, is_before) in issued {
                for (until, is_until) in untils {
                    let text = format!("{name}{issuer}{before}{until}");
                    if name == "iss=i" && !issuer.is_empty() {
                        assert!(errors(&text).contains("has an issuer behind iss"), "{text}");
                        continue;
                    }
                    assert_eq!(revokes(&text, HEADER, PAYLOAD), is_issuer && is_before && is_until, "{text}");
                }
            }
        }
    }
}

#[test]
fn a_token_without_iat_was_issued_before_and_a_fraction_counts_as_the_whole_second() {
    let entry = |before: &str| format!("sub=a issued-before={before}");
    assert!(revokes(&entry("1970-01-01T00:00:00Z"), HEADER, r#"{"sub":"a"}"#));
    for (iat, before, is_revoked) in [
        ("100.9", "1970-01-01T00:01:40.5Z", true),
        ("100.9", "1970-01-01T00:01:40Z", false),
        ("100", "1970-01-01T00:01:40.0000001Z", true),
        ("-0.5", "1970-01-01T00:00:00Z", true),
    ] {
        let payload = format!(r#"{{"sub":"a","iat":{iat}}}"#);
        assert_eq!(revokes(&entry(before), HEADER, &payload), is_revoked, "{iat} {before}");
    }
    // A token without iss is not one of the issuer.
    assert!(!revokes("sub=a issuer=i", HEADER, r#"{"sub":"a"}"#));
}

#[test]
fn several_entries_with_one_value_all_count() {
    let text = format!("sub=a issuer=x\nsub=a until={PAST}\n\nsub=a issued-before={PAST}\nsub=a until={FUTURE}\nsub=a");
    let list = read(&text);
    let of = |payload: &str| line(&list, &token(HEADER, payload));
    assert_eq!((of(r#"{"sub":"a","iss":"x"}"#), of(r#"{"sub":"a"}"#), of(r#"{"sub":"b"}"#)), (Some(1), Some(4), None));
    assert_eq!(of(r#"{"sub":"a","iat":1795867200}"#), Some(5));
    assert_eq!((list.in_force(NOW), list.in_force(UnixMillis(NOW.0 + 2_000))), (4, 3));
}

#[test]
fn the_format_allows_comments_blanks_quotes_and_both_line_ends() {
    let text = concat!(
        "\u{feff}# comment = \"anything\\\r\n",
        "\r\n \t\n",
        "\t sub=alice \t issuer=https://idp/?a=b&c  # left\r\n",
        "sub=\"a \\\"b\\\" #\\u00e9\\\\\" issued-before=\"2026-11-28T12:00:00Z\"#",
    );
    assert!(errors(text).contains("f:5: has text directly behind the value of 'issued-before'"));
    let text = format!("{text} x\nkid=a==\nsub=mülller|1,2;3:4");
    let text = text.replace("\"#", "\" #");
    let mut lines = Vec::new();
    revocation_lines(text.as_bytes(), "f", |line| lines.push(line)).unwrap();
    let entries: Vec<_> =
        lines.iter().filter_map(|line| Some((line.number, line.entry.as_ref()?.to_string()))).collect();
    assert_eq!(
        entries,
        [
            (4, "sub=alice issuer=https://idp/?a=b&c".to_owned()),
            (5, "sub=\"a \\\"b\\\" #é\\\\\" issued-before=2026-11-28T12:00:00Z".to_owned()),
            (6, "kid=a==".to_owned()),
            (7, "sub=mülller|1,2;3:4".to_owned()),
        ]
    );
    let whole: String = lines.iter().map(|line| line.text).collect();
    assert_eq!(format!("\u{feff}{whole}"), text);
    assert_eq!(read("").in_force(NOW), 0);
}

#[test]
fn what_is_not_understood_is_an_error_with_its_line() {
    for (text, expected) in [
        ("alice", "has 'alice', which is not name=value: write # before a comment"),
        ("sub=a b", "has 'b', which is not name=value"),
        ("sub =a", "has 'sub', which is not name=value"),
        ("sub= a", "has no value behind 'sub'="),
        ("sub=", "has no value behind 'sub'="),
        ("sub=\" \"", "has no value behind 'sub'="),
        ("sub=alice, issuer=i", "has the value 'alice,' of 'sub', as in another file format"),
        ("sub=alice;", "separate options with blanks"),
        ("sub='alice'", "write the value as a JSON string, in quotes, if it is meant"),
        ("=a", "begins with ''"),
        ("user=a", "begins with 'user': begin it with jti=, sub=,"),
        ("SUB=a", "begins with 'SUB'"),
        ("issuer=i sub=a", "begins with 'issuer'"),
        ("sub=a jti=b", "has the unknown option 'jti'"),
        ("sub=a isuer=i", "has the unknown option 'isuer'"),
        ("sub=a issuer=i issuer=i", "has issuer twice: remove one"),
        ("sub=a until=2026-11-28T12:00:00Z until=2026-11-28T12:00:00Z", "has until twice"),
        ("iss=i issuer=i", "has an issuer behind iss"),
        ("sub=a#b", "has the character # in the value of 'sub': write the value as a JSON string"),
        ("sub=corp\\a", "has the character \\u{5c} in the value of 'sub'"),
        ("sub=a\"b\"", "has the character \" in the value of 'sub'"),
        ("sub=a\u{a0}b", "in the value of 'sub'"),
        ("sub=a\u{202e}b", "has the character \\u{202e} in the value of 'sub'"),
        ("sub=\"a", "has a value of 'sub' that is not a JSON string"),
        ("sub=\"a\\x\"", "has a value of 'sub' that is not a JSON string"),
        ("sub=\"a\"issuer=i", "has text directly behind the value of 'sub'"),
        ("# a\rsub=alice", "has a carriage return within it"),
        ("sub=a until=2026-11-28", "has the time '2026-11-28' as until: write it in the form of RFC 3339"),
        ("sub=a until=1795867200", "has the time '1795867200' as until"),
        ("sub=a issued-before=2026-11-28T12:00:00", "has the time '2026-11-28T12:00:00' as issued-before"),
        ("sub=a issued-before=now", "has the time 'now' as issued-before"),
        ("token=abc", "has a value of token with 3 characters, which is not a SHA-256"),
        ("token=47DEQpj8HBSa-_TImW-5JCeuQeRkm5NMpJWZG3hSuFV", "with 43 characters"),
        ("token=+7DEQpj8HBSa-_TImW-5JCeuQeRkm5NMpJWZG3hSuFU", "with 43 characters"),
    ] {
        let errors = errors(format!("# first\n{text}\nsub=fine"));
        assert!(
            errors.starts_with("f:2: ") && errors.contains(expected) && errors.lines().count() == 1,
            "{text}: {errors}"
        );
    }
    assert!(errors(b"sub=a\nsub=\xff\n").starts_with("f:2: is not UTF-8"));
    assert!(errors("\u{feff}\u{feff}sub=a").starts_with("f:1: begins with '\\u{feff}sub'"));
}

/// A token in the file by mistake is not logged.
#[test]
fn an_error_shows_no_token() {
    let secret = format!("eyJhbGciOiJSUzI1NiJ9.{}", "s3cret".repeat(30));
    for text in [secret.clone(), format!("sub={secret} {secret}"), format!("{secret}=x"), format!("token={secret}")] {
        assert!(!errors(&text).contains("s3cret"), "{}", errors(&text));
    }
}

#[test]
fn a_file_with_many_errors_is_not_read_to_its_end() {
    let errors = errors("x\n".repeat(100_000));
    assert!(errors.lines().count() == 21 && errors.ends_with("not read after these errors"), "{errors}");
}

/// What is written is read as the same, for texts of any characters.
#[test]
fn an_entry_is_read_as_it_was_written() {
    let mut random = Random(1);
    let alphabet: Vec<char> = "ab=#\"\\ \t\n\r\u{1}\u{7f}\u{a0}\u{202e}\u{e0001}é😀/|,".chars().collect();
    let mut read = 0;
    for _ in 0..20_000 {
        let mut text = || -> String {
            (0..=random.below(6)).map(|_| alphabet[random.below(alphabet.len() as u64) as usize]).collect()
        };
        let (value, issuer) = (text(), text());
        let mut time = || (random.below(2) == 0).then(|| UnixMillis(random.below(4_000_000_000_000).cast_signed()));
        let entry = RevocationEntry {
            issuer: Some(issuer.clone().into()),
            issued_before: time(),
            until: time(),
            ..RevocationEntry::new(RevocationKind::Subject, value.clone())
        };
        let line = entry.to_string();
        match RevocationEntry::read(&line) {
            Ok(found) => {
                assert_eq!(found, Some(entry), "{line}");
                assert!(!line.contains(['\n', '\r', '\u{202e}']), "{line}");
                read += 1;
            }
            Err(why) => {
                assert!(why.contains("no value behind"), "{line}: {why}");
                assert!([value, issuer].iter().any(|text| crate::java_text::is_blank(text)), "{line}: {why}");
            }
        }
    }
    assert!(read > 10_000, "{read}");
}

/// Random bytes are read or rejected, but never cause a panic.
#[test]
fn any_text_is_read_or_rejected() {
    let words = ["sub", "=", "\"", "\\", " ", "#", "\n", "\r", "until", "2026-11-28T12:00:00Z", "a", "\u{e9}", "token"];
    let mut random = Random(2);
    for _ in 0..20_000 {
        let text: String = (0..random.below(12)).map(|_| words[random.below(words.len() as u64) as usize]).collect();
        let _ = RevocationList::read(text.as_bytes(), "f");
        let mut bytes = text.into_bytes();
        if let Some(at) = random.below(bytes.len() as u64 + 1).checked_sub(1) {
            bytes[at as usize] = random.below(256) as u8;
        }
        let _ = RevocationList::read(&bytes, "f");
    }
}

impl RevocationList {
    /// The bytes of the list.
    fn memory(&self) -> usize {
        let issuers = self.issuers.iter().map(|issuer| size_of::<Box<str>>() + issuer.len()).sum::<usize>();
        let table = |table: &Table| size_of_val(&*table.entries) + size_of_val(&*table.starts);
        self.kinds.iter().map(table).sum::<usize>() + self.values.len() + issuers + size_of::<Self>()
    }

    /// The largest number of entries that one look-up compares.
    fn longest_search(&self) -> usize {
        let lengths = |table: &Table| table.starts.windows(2).map(|range| range[1] - range[0]).max().unwrap_or(0);
        self.kinds.iter().map(lengths).max().unwrap_or(0) as usize
    }
}

#[test]
fn a_million_entries_would_take_less_than_100_megabytes_and_each_look_up_compares_a_few() {
    let id = |number: u64| format!("{:08x}-0000-4000-8000-{number:012x}", number.wrapping_mul(0x9e37_79b9));
    // A tenth of a million, which a debug build reads in time. The bytes of an entry do not depend on their number.
    const ENTRIES: u64 = 100_000;
    let mut text = String::new();
    for number in 0..ENTRIES {
        text += "jti=";
        text += &id(number);
        text += " issuer=https://idp.example until=2026-12-01T00:00:00Z\n";
    }
    let list = read(&text);
    assert_eq!(list.in_force(NOW) as u64, ENTRIES);
    let (bytes, longest) = (list.memory(), list.longest_search());
    assert!((6_000_000..8_000_000).contains(&bytes), "{bytes} bytes");
    // A balls-into-bins maximum.
    assert!(longest < 20, "{longest} entries");
    let names = |id: &str| Identifiers { token_id: Some(id.to_owned().into()), ..Identifiers::default() };
    let found = |id: &str| {
        let identifiers = names(id);
        let issuer = Some("https://idp.example");
        let names = Names { signing_input: b"", key_id: None, issuer, identifiers: &identifiers, issued_at: None };
        list.find(&names, NOW).map(|(_, entry)| entry.line as usize)
    };
    for number in (0..ENTRIES).step_by(97) {
        assert_eq!(found(&id(number)), Some(number as usize + 1));
        assert_eq!(found(&id(number + ENTRIES)), None);
    }
}

/// The list against a slow one that compares each line with each token.
#[test]
fn the_list_finds_what_a_plain_search_finds() {
    let mut random = Random(3);
    let mut revoked = 0;
    for _ in 0..300 {
        let pick = |random: &mut Random, of: &[&str]| of[random.below(of.len() as u64) as usize].to_owned();
        let values = ["a", "b", "c", "d"];
        let mut lines = Vec::new();
        for _ in 0..random.below(8) {
            let mut entry = pick(&mut random, &["jti=", "sub=", "sid=", "kid="]) + &pick(&mut random, &values);
            entry += &pick(&mut random, &["", "", " issuer=a", " issuer=b"]);
            entry +=
                &pick(&mut random, &["", "", &format!(" issued-before={PAST}"), &format!(" issued-before={FUTURE}")]);
            entry += &pick(&mut random, &["", "", &format!(" until={PAST}"), &format!(" until={FUTURE}")]);
            lines.push(entry);
        }
        let list = read(&lines.join("\n"));
        for _ in 0..20 {
            let [jti, sub, sid, kid, iss] = [0; 5].map(|_| pick(&mut random, &values));
            let iat = pick(&mut random, &["", r#","iat":1795867199"#, r#","iat":1795867200"#, r#","iat":1795867201"#]);
            let whole = token(
                &format!(r#"{{"alg":"RS256","kid":"{kid}"}}"#),
                &format!(r#"{{"jti":"{jti}","sub":"{sub}","sid":"{sid}","iss":"{iss}"{iat}}}"#),
            );
            let issued = iat.rsplit(':').next().and_then(|iat| iat.parse::<i64>().ok());
            let plain: BTreeSet<usize> = (1..)
                .zip(&lines)
                .filter(|(_, entry)| {
                    entry.split(' ').all(|word| {
                        let (name, value) = word.split_once('=').unwrap();
                        match name {
                            "jti" => value == jti,
                            "sub" => value == sub,
                            "sid" => value == sid,
                            "kid" => value == kid,
                            "issuer" => value == iss,
                            "until" => value == FUTURE,
                            _ => {
                                issued.is_none_or(|iat| iat < if value == PAST { 1_795_867_199 } else { 1_795_867_201 })
                            }
                        }
                    })
                })
                .map(|(number, _)| number)
                .collect();
            let found = line(&list, &whole);
            assert_eq!(found.is_some(), !plain.is_empty(), "{lines:#?} {whole}");
            assert!(found.is_none_or(|line| plain.contains(&line)));
            revoked += usize::from(found.is_some());
        }
    }
    assert!((1000..5000).contains(&revoked), "{revoked}");
}

/// `cargo test --release -p nativejwt-core --lib -- --ignored --nocapture revocation::tests::time_of`
#[test]
#[ignore = "a measurement"]
#[allow(clippy::print_stdout, reason = "it prints its results")]
fn time_of_a_look_up_among_a_million_entries() {
    const ROUNDS: u32 = 100_000;
    let id = |number: u32| format!("{:08x}-0000-4000-8000-{number:012x}", number.wrapping_mul(0x9e37_79b9));
    let identifiers = Identifiers {
        token_id: Some(id(2_000_000).into()),
        subject: Some(id(2_000_001).into()),
        session: Some(id(2_000_002).into()),
    };
    let signing_input = vec![b'x'; 2000];
    let names = Names {
        signing_input: &signing_input,
        key_id: Some("2026-11"),
        issuer: Some("https://idp.example"),
        identifiers: &identifiers,
        issued_at: Some(NOW),
    };
    let kinds = ["jti", "sub", "sid", "kid"];
    let by_name = |number: u32| format!("{}={}", kinds[number as usize % kinds.len()], id(number));
    let by_digest = |number: u32| format!("token={:064x}", u128::from(number) << 96);
    for (what, line) in [("by name", &by_name as &dyn Fn(u32) -> String), ("by digest", &by_digest)] {
        let text: String =
            (0..1_000_000).map(|number| line(number) + " issuer=i until=2100-01-01T00:00:00Z\n").collect();
        let begin = std::time::Instant::now();
        let list = read(&text);
        let reading = begin.elapsed();
        let begin = std::time::Instant::now();
        for _ in 0..ROUNDS {
            assert!(list.find(std::hint::black_box(&names), NOW).is_none());
        }
        println!(
            "{what}: read in {reading:?}, a look-up takes {:?}, {} bytes",
            begin.elapsed() / ROUNDS,
            list.memory()
        );
    }
}
