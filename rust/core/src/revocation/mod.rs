// SPDX-License-Identifier: Apache-2.0
//! Tokens that are no longer accepted, although they are valid: those that an entry of `revocation-file` names.
//!
//! The file is read by the thread that polls files. The request path looks a token up in the present list. A cached verdict
//! carries the number of the list that it was checked against. After a change, the first request with a cached token looks
//! the token up once more, so one new entry costs no signature verification.

mod file;
#[cfg(test)]
mod tests;

use std::borrow::Cow;
use std::hash::{BuildHasher as _, RandomState};
use std::path::Path;
use std::sync::Arc;

use arc_swap::ArcSwap;
use aws_lc_rs::digest::{SHA256, SHA256_OUTPUT_LEN, digest};
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;

use crate::claims::{Claims, Identifiers};
use crate::clock::UnixMillis;
use crate::config::{ConfigurationErrors, Setting};
use crate::epoch::Epoch;
use crate::events::{Events, Level};
use crate::in_force::Fingerprint;
use crate::metrics::FileKind;
use crate::rejection::{Reason, Rejection};
use crate::token::CompactJws;
use crate::trace::{Observer, Step, StepName};
use crate::watched_file::{Reloadable, WatchedFile};
pub use file::{RevocationEntry, RevocationKind, RevocationLine, revocation_lines};

/// Room for two million long entries.
const MAX_FILE_BYTES: u64 = 256 * 1024 * 1024;

/// What an authenticator revokes: the entries of `revocation-file`, and logouts.
#[derive(Default)]
pub(crate) struct Revocation {
    list: Option<Reloadable<RevocationList>>,
    /// `None` if back-channel logout is off.
    logouts: Option<ArcSwap<Logouts>>,
    /// Changes with the lists. Without any it is always the same.
    epoch: Epoch,
}

/// The logouts that are in force. A logout changes only the small list.
#[derive(Clone)]
pub(crate) struct Logouts {
    pub(crate) older: Arc<RevocationList>,
    pub(crate) recent: Arc<RevocationList>,
}

impl Revocation {
    /// Opens the file of `revocation-file`. Adds everything that is wrong to `errors`. `logouts` are those so far.
    pub(crate) fn open(
        setting: Option<&Setting>,
        logouts: Option<Logouts>,
        events: &Events,
        errors: &mut ConfigurationErrors,
    ) -> Self {
        let logouts = logouts.map(ArcSwap::from_pointee);
        let Some(setting) = setting else { return Self { logouts, ..Self::default() } };
        let path = Path::new(&setting.value);
        let opened = WatchedFile::open(path, MAX_FILE_BYTES)
            .map_err(|error| {
                let message = format!(
                    "names '{}', which cannot be read: {error}. Create the file; it may be empty",
                    setting.value
                );
                errors.push(setting.problem(message));
            })
            .and_then(|(file, bytes)| {
                let list = RevocationList::read(&bytes, &setting.value).map_err(|problems| {
                    errors.push(setting.problem(format!("names '{}', which cannot be used:", setting.value)));
                    errors.extend(problems);
                })?;
                announce(Level::Info, &list, path, &bytes, events);
                Ok(Reloadable::of_file(file, list))
            });
        Self { list: opened.ok(), logouts, epoch: Epoch::default() }
    }

    /// The fingerprint of the file that is in use.
    pub(crate) fn in_use(&self) -> Fingerprint {
        self.list.as_ref().map_or_else(Fingerprint::default, Reloadable::in_use)
    }

    pub(crate) fn has_file(&self) -> bool {
        self.list.is_some()
    }

    /// The epoch that changes with the list.
    pub(crate) fn epoch(&self) -> &Epoch {
        &self.epoch
    }

    /// Puts a change of the file in use. A file that cannot be used leaves the previous list in force.
    pub(crate) fn poll(&self, events: &Events) {
        let Some(previous) = &self.list else { return };
        previous.poll(FileKind::Revocations, events, &self.epoch, |path, bytes| {
            let list = RevocationList::read(bytes, &path.display().to_string())
                .map_err(|errors| errors.problems().iter().map(ToString::to_string).collect::<Vec<_>>())?;
            // It lets everybody in again, and a file can become empty by mistake.
            let is_emptied = list.is_empty() && !previous.load().is_empty();
            announce(if is_emptied { Level::Warning } else { Level::Info }, &list, path, bytes, events);
            Ok(list)
        });
    }

    /// The number of entries of the file that have not ended; `None` without a file.
    pub(crate) fn in_file(&self, now: UnixMillis) -> Option<usize> {
        self.list.as_ref().map(|list| list.load().in_force(now))
    }

    /// The number of logouts that have not ended; `None` if back-channel logout is off.
    pub(crate) fn logged_out(&self, now: UnixMillis) -> Option<usize> {
        let logouts = self.logouts()?;
        Some(logouts.older.in_force(now) + logouts.recent.in_force(now))
    }

    /// The logouts that are in force, if back-channel logout is on.
    pub(crate) fn logouts(&self) -> Option<Arc<Logouts>> {
        self.logouts.as_ref().map(ArcSwap::load_full)
    }

    /// Puts logouts in force.
    pub(crate) fn set_logouts(&self, logouts: Logouts) {
        if let Some(present) = &self.logouts {
            self.epoch.change(|| present.store(Arc::new(logouts)));
        }
    }

    /// Looks a verified token up in the present lists.
    ///
    /// # Errors
    /// The token is revoked.
    pub(crate) fn check(&self, names: &Names<'_>, now: UnixMillis, observer: &impl Observer) -> Result<(), Rejection> {
        if self.list.is_none() && self.logouts.is_none() {
            return Ok(());
        }
        observer.begins(StepName::Revocation);
        let is_listed = self.list.as_ref().is_some_and(|list| list.load().find(names, now).is_some());
        let is_logged_out = || {
            let logouts = self.logouts.as_ref().map(ArcSwap::load);
            let mut lists = logouts.iter().flat_map(|logouts| [&logouts.older, &logouts.recent]);
            lists.any(|list| list.find(names, now).is_some())
        };
        if is_listed || is_logged_out() {
            // The client does not learn which entry names its token.
            return Err(Rejection::new(Reason::TokenRevoked, "The token was revoked"));
        }
        observer.passed(Step::Revocation);
        Ok(())
    }

    /// The entry that names a token, and its line, for commands.
    pub(crate) fn explain(&self, token: &[u8], now: UnixMillis) -> Option<(usize, RevocationEntry<'static>)> {
        let list = self.list.as_ref()?.load();
        Names::with(token, |names| list.find(names, now).map(|found| list.shown(found))).ok()?
    }
}

/// Logs what a list has, so that operators can compare it with the file and with other coordinators.
fn announce(level: Level, list: &RevocationList, path: &Path, bytes: &[u8], events: &Events) {
    let entries = match list.in_force(UnixMillis::now()) {
        1 => "1 entry is".to_owned(),
        number => format!("{number} entries are"),
    };
    let fingerprint = RevocationList::fingerprint(bytes);
    let text = format!(
        "In the revocation file '{}', {entries} in force. Its SHA-256 begins with {fingerprint}",
        path.display()
    );
    events.push(level, text);
}

/// The SHA-256 of a JWS Signing Input.
fn token_digest(signing_input: &[u8]) -> [u8; SHA256_OUTPUT_LEN] {
    let mut bytes = [0; SHA256_OUTPUT_LEN];
    bytes.copy_from_slice(digest(&SHA256, signing_input).as_ref());
    bytes
}

/// What of a token entries can name.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Names<'t> {
    pub(crate) signing_input: &'t [u8],
    pub(crate) key_id: Option<&'t str>,
    pub(crate) issuer: Option<&'t str>,
    pub(crate) identifiers: &'t Identifiers<'t>,
    pub(crate) issued_at: Option<UnixMillis>,
}

impl<'t> Names<'t> {
    /// Calls `work` with the names of a token that was verified before, or that need not be.
    ///
    /// # Errors
    /// The token has no header or no claims.
    pub(crate) fn with<R>(token: &[u8], work: impl FnOnce(&Names<'_>) -> R) -> Result<R, Rejection> {
        let header_bytes = CompactJws::parse(token, usize::MAX)?.decode_header()?;
        let header = header_bytes.parse()?;
        let token = header_bytes.decode_rest()?;
        let claims = Claims::read_unverified(token.unverified_payload())?;
        Ok(work(&Names {
            signing_input: token.signing_input(),
            key_id: header.key_id.as_deref(),
            issuer: claims.issuer.as_deref(),
            identifiers: &claims.identifiers,
            issued_at: claims.issued_at(),
        }))
    }

    /// The name of a kind, if the token has one.
    fn of_kind(&self, kind: RevocationKind) -> Option<Cow<'t, str>> {
        let name = match kind {
            RevocationKind::TokenId => self.identifiers.token_id.as_deref(),
            RevocationKind::Subject => self.identifiers.subject.as_deref(),
            RevocationKind::Session => self.identifiers.session.as_deref(),
            RevocationKind::KeyId => self.key_id,
            RevocationKind::Issuer => self.issuer,
            RevocationKind::Token => return Some(URL_SAFE_NO_PAD.encode(token_digest(self.signing_input)).into()),
        };
        name.map(Cow::Borrowed)
    }
}

/// The entries of a revocation file, in a form that is small and quickly searched. It is immutable.
pub struct RevocationList {
    /// In the order of [`RevocationKind::ALL`].
    kinds: [Table; RevocationKind::ALL.len()],
    /// The values of all entries.
    values: Box<str>,
    issuers: Box<[Box<str>]>,
    hasher: RandomState,
}

/// The entries of one kind, ordered by the hash of their values.
#[derive(Default)]
struct Table {
    entries: Box<[Entry]>,
    /// Where the entries of each range of hashes begin, and the end of the last one. There are as many ranges as entries.
    starts: Box<[u32]>,
}

/// An entry. The maximum of a number means that the option is absent.
#[derive(Clone, Copy)]
struct Entry {
    value_start: u32,
    value_length: u32,
    issuer: u32,
    line: u32,
    issued_before: i64,
    until: i64,
}

impl Table {
    /// The range of a hash among `ranges`, in the order of the hashes.
    fn range(hash: u32, ranges: usize) -> usize {
        ((u64::from(hash) * ranges as u64) >> u32::BITS) as usize
    }

    fn new(mut entries: Vec<(u32, Entry)>) -> Self {
        entries.sort_unstable_by_key(|(hash, entry)| (*hash, entry.line));
        let mut starts = vec![0; entries.len() + 1];
        for (hash, _) in &entries {
            if let Some(count) = starts.get_mut(Self::range(*hash, entries.len()) + 1) {
                *count += 1;
            }
        }
        let mut sum = 0;
        for start in &mut starts {
            sum += *start;
            *start = sum;
        }
        Self { entries: entries.into_iter().map(|(_, entry)| entry).collect(), starts: starts.into() }
    }

    /// The entries whose values may have this hash.
    fn candidates(&self, hash: u32) -> &[Entry] {
        let range = Self::range(hash, self.entries.len());
        match self.starts.get(range..range + 2) {
            Some(&[from, to]) => self.entries.get(from as usize..to as usize).unwrap_or_default(),
            _ => &[],
        }
    }
}

/// A list without entries.
impl Default for RevocationList {
    fn default() -> Self {
        let (kinds, values, issuers, hasher) = Default::default();
        Self { kinds, values, issuers, hasher }
    }
}

impl RevocationList {
    /// Reads the content of a file. `source` names the file in errors.
    ///
    /// # Errors
    /// The lines that are wrong, the first twenty of them.
    pub fn read(bytes: &[u8], source: &str) -> Result<Self, ConfigurationErrors> {
        let hasher = RandomState::new();
        let mut tables: [Vec<(u32, Entry)>; RevocationKind::ALL.len()] = Default::default();
        let mut values = String::new();
        let mut issuers: Vec<Box<str>> = Vec::new();
        let mut numbers = std::collections::HashMap::new();
        revocation_lines(bytes, source, |line| {
            let Some(entry) = line.entry else { return };
            let issuer = entry.issuer.map_or(u32::MAX, |issuer| {
                *numbers.entry(issuer).or_insert_with_key(|issuer| {
                    issuers.push(issuer.as_ref().into());
                    issuers.len() as u32 - 1
                })
            });
            // A file is not larger than a `u32`.
            let compact = Entry {
                value_start: values.len() as u32,
                value_length: entry.value.len() as u32,
                issuer,
                line: line.number as u32,
                issued_before: entry.issued_before.map_or(i64::MAX, |time| time.0),
                until: entry.until.map_or(i64::MAX, |time| time.0),
            };
            values.push_str(&entry.value);
            if let Some(table) = tables.get_mut(entry.kind as usize) {
                table.push((hasher.hash_one(&*entry.value) as u32, compact));
            }
        })?;
        Ok(Self { kinds: tables.map(Table::new), values: values.into(), issuers: issuers.into(), hasher })
    }

    /// The beginning of the SHA-256 of a file, in hexadecimal digits, as log lines have it.
    #[must_use]
    pub fn fingerprint(bytes: &[u8]) -> String {
        digest(&SHA256, bytes).as_ref().iter().take(8).map(|byte| format!("{byte:02x}")).collect()
    }

    /// All entries, in no order.
    pub(crate) fn entries(&self) -> impl Iterator<Item = RevocationEntry<'static>> {
        let tables = RevocationKind::ALL.into_iter().zip(&self.kinds);
        tables.flat_map(move |(kind, table)| table.entries.iter().map(move |entry| self.shown((kind, entry)).1))
    }

    fn is_empty(&self) -> bool {
        self.kinds.iter().all(|table| table.entries.is_empty())
    }

    /// The number of entries that have not ended.
    #[must_use]
    pub fn in_force(&self, now: UnixMillis) -> usize {
        self.kinds.iter().flat_map(|table| &table.entries).filter(|entry| now.0 <= entry.until).count()
    }

    /// An entry that names the token.
    fn find(&self, names: &Names<'_>, now: UnixMillis) -> Option<(RevocationKind, &Entry)> {
        let kinds = RevocationKind::ALL.into_iter().zip(&self.kinds);
        // A kind that the file does not have costs neither a hash nor a digest.
        kinds.filter(|(_, table)| !table.entries.is_empty()).find_map(|(kind, table)| {
            let value = names.of_kind(kind)?;
            let candidates = table.candidates(self.hasher.hash_one(&*value) as u32);
            let entry = candidates.iter().find(|entry| self.value(entry) == value && self.covers(entry, names, now))?;
            Some((kind, entry))
        })
    }

    /// The line of an entry, and what it says.
    fn shown(&self, (kind, entry): (RevocationKind, &Entry)) -> (usize, RevocationEntry<'static>) {
        let time = |time: i64| (time != i64::MAX).then_some(UnixMillis(time));
        let shown = RevocationEntry {
            kind,
            value: self.value(entry).to_owned().into(),
            issuer: self.issuer(entry).map(|issuer| issuer.to_owned().into()),
            issued_before: time(entry.issued_before),
            until: time(entry.until),
        };
        (entry.line as usize, shown)
    }

    fn value(&self, entry: &Entry) -> &str {
        let start = entry.value_start as usize;
        self.values.get(start..start + entry.value_length as usize).unwrap_or_default()
    }

    fn issuer(&self, entry: &Entry) -> Option<&str> {
        self.issuers.get(entry.issuer as usize).map(AsRef::as_ref)
    }

    /// True if the options of an entry include the token.
    fn covers(&self, entry: &Entry, names: &Names<'_>, now: UnixMillis) -> bool {
        let is_of_issuer = self.issuer(entry).is_none_or(|issuer| names.issuer == Some(issuer));
        let is_old = names.issued_at.is_none_or(|issued_at| issued_at.0 < entry.issued_before);
        is_of_issuer && is_old && now.0 <= entry.until
    }
}
