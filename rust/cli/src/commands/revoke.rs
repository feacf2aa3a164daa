// SPDX-License-Identifier: Apache-2.0
//! `revoke`: adds an entry to a revocation file.

use std::ffi::OsString;
use std::io::{self, Write};
use std::path::{Path, PathBuf};

use nativejwt_control::in_words;
use nativejwt_core::{RevocationEntry, RevocationKind, RevocationList, UnixMillis, is_unprintable, revocation_lines};

use crate::failure::{Failure, Outcome};
use crate::json::JsonObject;
use crate::locked_file::LockedFile;
use crate::time::{Ttl, parse_time, parse_ttl};
use crate::token_argument::read_token;

/// Shut out tokens before they expire
///
/// Adds an entry to the file that the property revocation-file names. Coordinators that read this file count the entry
/// within 5 seconds. Queries that run already go on: kill them as well.
///
/// Say what to shut out: one TOKEN, or the tokens with this jti, sub, sid, kid or iss. The entry of a TOKEN ends by itself
/// when the token has expired.
///
/// The file must exist (create an empty one with touch). If it has an error, it is left as it is. Entries that have ended
/// are dropped; comments on lines of their own stay.
#[derive(clap::Args)]
#[command(
    verbatim_doc_comment,
    group(clap::ArgGroup::new("what").required(true)),
    after_help = "\
Examples:
  nativejwt revoke --file /etc/trino/revoked - < token.txt
  nativejwt revoke --file /etc/trino/revoked --sub alice --issuer https://idp.example.com --issued-before now
  nativejwt revoke --file /etc/trino/revoked --kid 2026-11 --until 30d --comment 'the key leaked'"
)]
pub(crate) struct Arguments {
    /// The revocation file
    #[arg(long, value_name = "FILE")]
    file: PathBuf,

    /// The token with this jti
    #[arg(long, value_name = "ID", group = "what", allow_hyphen_values = true)]
    jti: Option<String>,

    /// All tokens with this sub
    #[arg(long, value_name = "SUBJECT", group = "what", allow_hyphen_values = true)]
    sub: Option<String>,

    /// All tokens of the session with this sid
    #[arg(long, value_name = "ID", group = "what", allow_hyphen_values = true)]
    sid: Option<String>,

    /// All tokens whose protected header names the key with this kid
    #[arg(long, value_name = "ID", group = "what", allow_hyphen_values = true)]
    kid: Option<String>,

    /// All tokens of this issuer
    #[arg(long, value_name = "ISSUER", group = "what", conflicts_with = "issuer")]
    iss: Option<String>,

    /// Only tokens with this iss
    #[arg(long, value_name = "ISSUER", conflicts_with = "token")]
    issuer: Option<String>,

    /// Only tokens that were issued before this time: now, RFC 3339 or Unix seconds
    #[arg(long, value_name = "TIME", value_parser = parse_issued_before, conflicts_with = "token")]
    issued_before: Option<UnixMillis>,

    /// The end of the entry: RFC 3339, Unix seconds, or a duration from now on such as 8h
    #[arg(long, value_name = "TIME", value_parser = parse_until)]
    until: Option<UnixMillis>,

    /// A comment on the line of the entry
    #[arg(long, value_name = "TEXT", value_parser = parse_comment)]
    comment: Option<String>,

    /// The token, or - for standard input
    #[arg(value_name = "TOKEN", group = "what")]
    token: Option<OsString>,
}

/// `now` is the next whole second, because `iat` usually has whole seconds: a token of the present one is included.
fn parse_issued_before(text: &str) -> Result<UnixMillis, String> {
    match text {
        "now" => Ok(UnixMillis((UnixMillis::now().0.div_euclid(1000) + 1) * 1000)),
        text => parse_time(text),
    }
}

fn parse_until(text: &str) -> Result<UnixMillis, String> {
    let now = UnixMillis::now();
    let until = match (parse_time(text), parse_ttl(text)) {
        (Ok(time), _) => time,
        (Err(_), Ok(Ttl::Seconds(seconds))) => UnixMillis(now.0.saturating_add(seconds.saturating_mul(1000))),
        (Err(why), _) => return Err(format!("{why}, nor a duration, such as 8h")),
    };
    if until < now { Err("has passed, so the entry would shut out nothing".to_owned()) } else { Ok(until) }
}

fn parse_comment(text: &str) -> Result<String, String> {
    if text.contains(is_unprintable) {
        return Err("has a line end or another character that cannot be seen".to_owned());
    }
    Ok(text.trim().to_owned())
}

/// What a call made of the file.
struct Change {
    content: String,
    /// False if the file has the entry already.
    is_added: bool,
    dropped: usize,
}

pub(super) fn run(arguments: &Arguments, json: bool, out: &mut dyn Write) -> Result<Outcome, Failure> {
    let now = UnixMillis::now();
    let entry = entry(arguments)?;
    let text = entry.to_string();
    // What the coordinator could not read is not written.
    RevocationEntry::read(&text).map_err(|why| Failure::Message(format!("the entry {why}")))?;
    if let Some(until) = entry.until.filter(|_| entry.has_ended(now)) {
        return write_not_needed(until, now, json, out);
    }

    add(&arguments.file, &entry, arguments.comment.as_deref(), now)?.write(json, false, out)?;
    Ok(Outcome::Accepted)
}

/// The token has expired.
pub(super) fn write_not_needed(
    until: UnixMillis,
    now: UnixMillis,
    json: bool,
    out: &mut dyn Write,
) -> Result<Outcome, Failure> {
    let why = format!("no coordinator has accepted this token since {}", in_words(until, now));
    if json {
        writeln!(out, "{}", JsonObject::new().boolean("added", false).text("why", &why).finish())?;
    } else {
        writeln!(out, "not added: {why}")?;
    }
    Ok(Outcome::Accepted)
}

/// What became of a revocation file.
pub(super) struct Added {
    path: PathBuf,
    entry: String,
    has_end: bool,
    change: Change,
    in_force: usize,
    keeps_owner: bool,
}

/// Adds an entry to a file.
pub(super) fn add(
    path: &Path,
    entry: &RevocationEntry<'_>,
    comment: Option<&str>,
    now: UnixMillis,
) -> Result<Added, Failure> {
    let mut file = LockedFile::open(path).map_err(|error| cannot_be_changed(path, &error))?;
    let bytes = file.read().map_err(|error| cannot_be_changed(path, &error))?;
    let change = change(&bytes, path, entry, comment, now)?;
    let list = RevocationList::read(change.content.as_bytes(), &path.display().to_string())?;
    let keeps_owner = file.replace(change.content.as_bytes()).map_err(|error| cannot_be_changed(path, &error))?;
    Ok(Added {
        path: path.to_owned(),
        entry: entry.to_string(),
        has_end: entry.until.is_some(),
        change,
        in_force: list.in_force(now),
        keeps_owner,
    })
}

impl Added {
    /// The beginning of the file's SHA-256.
    pub(super) fn fingerprint(&self) -> String {
        RevocationList::fingerprint(self.change.content.as_bytes())
    }

    /// `is_shadow`: the coordinator that reads the file is in shadow mode.
    pub(super) fn write(&self, json: bool, is_shadow: bool, out: &mut dyn Write) -> Result<(), Failure> {
        let Self { path, entry, change, in_force, keeps_owner, .. } = self;
        let fingerprint = self.fingerprint();
        if json {
            let object = JsonObject::new()
                .boolean("added", change.is_added)
                .text("entry", entry)
                .raw("in_force", &in_force.to_string())
                .raw("dropped", &change.dropped.to_string())
                .text("sha256", &fingerprint)
                .boolean("keeps_owner", *keeps_owner);
            let object = if is_shadow { object.boolean("is_shadow", true) } else { object };
            writeln!(out, "{}", object.finish())?;
            return Ok(());
        }
        writeln!(out, "{}: {entry}", if change.is_added { "added" } else { "in the file already" })?;
        let entries = if *in_force == 1 { "1 entry is".to_owned() } else { format!("{in_force} entries are") };
        let dropped = match change.dropped {
            0 => String::new(),
            1 => ", 1 that has ended was dropped".to_owned(),
            number => format!(", {number} that have ended were dropped"),
        };
        writeln!(
            out,
            "{}: {entries} in force{dropped}. The SHA-256 of the file begins with {fingerprint}",
            path.display()
        )?;
        if !keeps_owner {
            writeln!(
                out,
                "WARN: the owner or the group of the file could not be kept: check that the coordinator can read it"
            )?;
        }
        if !self.has_end {
            writeln!(out, "The entry has no end: it stays in force until you remove its line")?;
        }
        writeln!(
            out,
            "Coordinators that read this file count it within 5 seconds. Running queries go on: kill them as well"
        )?;
        Ok(())
    }
}

fn cannot_be_changed(path: &Path, error: &io::Error) -> Failure {
    let way_out = match error.kind() {
        io::ErrorKind::NotFound => ". Create the file that revocation-file names; it may be empty",
        _ => "",
    };
    Failure::at(path.display(), format!("cannot be changed: {error}{way_out}"))
}

/// The entry that the arguments describe.
fn entry(arguments: &Arguments) -> Result<RevocationEntry<'_>, Failure> {
    let named = [
        (RevocationKind::TokenId, &arguments.jti),
        (RevocationKind::Subject, &arguments.sub),
        (RevocationKind::Session, &arguments.sid),
        (RevocationKind::KeyId, &arguments.kid),
        (RevocationKind::Issuer, &arguments.iss),
    ];
    let named = named.into_iter().find_map(|(kind, value)| Some(RevocationEntry::new(kind, value.as_deref()?)));
    let entry = match (named, &arguments.token) {
        (Some(entry), _) => entry,
        (None, Some(token)) => RevocationEntry::of_token(&read_token(token)?)
            .map_err(|rejection| Failure::at("TOKEN", format!("is not a token: {rejection}")))?,
        (None, None) => return Err(Failure::Message("say what to shut out".to_owned())),
    };
    Ok(RevocationEntry {
        issuer: arguments.issuer.as_deref().map(Into::into),
        issued_before: arguments.issued_before,
        until: arguments.until.or(entry.until),
        ..entry
    })
}

/// The file with the entry, and without those that have ended.
fn change(
    bytes: &[u8],
    path: &Path,
    entry: &RevocationEntry<'_>,
    comment: Option<&str>,
    now: UnixMillis,
) -> Result<Change, Failure> {
    let mut change = Change { content: String::with_capacity(bytes.len() + 200), is_added: true, dropped: 0 };
    revocation_lines(bytes, &path.display().to_string(), |line| match line.entry {
        Some(other) if other.has_ended(now) => change.dropped += 1,
        other => {
            change.is_added &= other.as_ref() != Some(entry);
            change.content.push_str(line.text);
        }
    })?;
    if change.is_added {
        if !change.content.is_empty() && !change.content.ends_with('\n') {
            change.content.push('\n');
        }
        change.content += &entry.to_string();
        if let Some(comment) = comment.filter(|comment| !comment.is_empty()) {
            change.content += &format!(" # {comment}");
        }
        change.content.push('\n');
    }
    Ok(change)
}
