// SPDX-License-Identifier: Apache-2.0
//! Opens the issuers with their files, and reloads files that change.

use std::collections::HashSet;
use std::iter;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use arc_swap::{ArcSwap, Guard};

use crate::config::{Configuration, ConfigurationErrors, IssuerConfiguration, Problem, Properties, Setting};
use crate::epoch::Epoch;
use crate::events::{Events, Level};
use crate::host::HostProcess;
use crate::issuers::issuer::Issuer;
use crate::issuers::{Rules, Table};
use crate::keys::Refresher;
use crate::metrics::{FileKind, IssuerCounters};
use crate::quoted::quoted;
use crate::watched_file::{WatchedFile, log_rejected_change};

/// The maximum size of a per-issuer file, in bytes. It may contain a JWK Set.
const MAX_FILE_BYTES: u64 = 4 * 1024 * 1024;

/// The name of the issuer in metrics where there is no file of `config-files`.
const ONLY_ISSUER: &str = "default";

/// One of `config-files`.
struct IssuerFile {
    file: WatchedFile,
    issuer: Arc<Issuer>,
    /// A valid change that is not in use yet. Until then the previous rules stay in use.
    candidate: Option<Candidate>,
}

/// A change that waits for its keys, or for a change of another file that it conflicts with.
struct Candidate {
    issuer: Arc<Issuer>,
    /// What was logged about the wait: the conflicts, or no lines while it waits for its keys.
    logged: Option<Vec<String>>,
}

/// The issuers, with the candidates of the `changed` files instead of the previous ones.
fn table_with(files: &[IssuerFile], changed: &[usize]) -> Result<Table, Vec<String>> {
    Table::new(files.iter().enumerate().map(|(index, file)| {
        let candidate = file.candidate.as_ref().filter(|_| changed.contains(&index));
        (file.file.path(), candidate.map_or(&file.issuer, |candidate| &candidate.issuer))
    }))
}

/// The rules of all issuers, and the files that they are read from.
pub(crate) struct Issuers {
    rules: ArcSwap<Rules>,
    /// Only the polling thread uses them.
    files: Mutex<Vec<IssuerFile>>,
    events: Arc<Events>,
    /// Changes with everything that a verdict depends on.
    epoch: Arc<Epoch>,
    host: HostProcess,
    /// Started for the first JWK Set that is fetched.
    refresher: Mutex<Option<Refresher>>,
}

impl Issuers {
    /// Opens everything that the configuration names. `errors` contains the errors of the global configuration.
    ///
    /// # Errors
    /// All errors of the configuration, at once.
    pub(crate) fn open(
        properties: &Properties,
        host: &HostProcess,
        events: &Arc<Events>,
        mut errors: ConfigurationErrors,
    ) -> Result<Self, ConfigurationErrors> {
        let (rules, files, setting) = match Configuration::read(properties, &mut errors) {
            Configuration::One(configuration) => {
                let counters = IssuerCounters::new(ONLY_ISSUER);
                let issuer = Issuer::open(&configuration, counters, host, events, &mut errors);
                (issuer.map(|issuer| Rules::One(Arc::new(issuer))), Vec::new(), configuration.key_file)
            }
            Configuration::Several { files, setting } => {
                let files = open_files(&files, &setting, host, events, &mut errors);
                let table = Table::new(files.iter().map(|file| (file.file.path(), &file.issuer)));
                let table = table.map_err(|lines| {
                    lines.into_iter().for_each(|line| errors.push(setting.problem(format!("cannot be used: {line}"))));
                });
                (table.ok().map(Rules::Several), files, setting)
            }
        };
        // Before any fetch begins, so that nothing is fetched for an invalid configuration.
        let Some(rules) = rules else { return Err(errors) };
        let rules = errors.or(rules)?;
        let issuers = Self {
            rules: ArcSwap::from_pointee(rules),
            files: Mutex::new(files),
            events: Arc::clone(events),
            epoch: Arc::default(),
            host: host.clone(),
            refresher: Mutex::default(),
        };
        for issuer in issuers.load().issuers() {
            issuers.keep_fetched(issuer).map_err(|why| setting.problem(why))?;
        }
        // After all fetches have begun, so that they run at the same time.
        let mut errors = ConfigurationErrors::default();
        for issuer in issuers.load().issuers() {
            issuer.fail_fast().unwrap_or_else(|problem| errors.push(problem));
        }
        errors.or(issuers)
    }

    /// The epoch that cached verdicts are compared with.
    pub(crate) fn epoch(&self) -> &Epoch {
        &self.epoch
    }

    /// The present rules. It takes no lock.
    pub(crate) fn load(&self) -> Guard<Arc<Rules>> {
        self.rules.load()
    }

    /// Starts to fetch the keys of the issuer regularly, if they come from a URL.
    fn keep_fetched(&self, issuer: &Issuer) -> Result<(), String> {
        let Some(key_set) = issuer.remote() else { return Ok(()) };
        let no_thread = |error| format!("cannot be fetched: cannot start a thread: {error}");
        let mut refresher = self.refresher.lock().unwrap_or_else(PoisonError::into_inner);
        match &*refresher {
            Some(refresher) => refresher.add(key_set),
            None => refresher.insert(Refresher::start(&self.events, &self.epoch).map_err(no_thread)?).add(key_set),
        }
        Ok(())
    }

    /// Waits until every remote JWK Set was fetched once, with or without success. `Err` says why keys are missing.
    pub(crate) fn wait_until_fetched(&self, timeout: Duration) -> Result<(), String> {
        let begin = Instant::now();
        let failures: Vec<String> = self
            .load()
            .issuers()
            .into_iter()
            .filter_map(|issuer| issuer.remote())
            .filter_map(|key_set| key_set.wait_until_fetched(timeout.saturating_sub(begin.elapsed())).err())
            .collect();
        if failures.is_empty() { Ok(()) } else { Err(failures.join("; ")) }
    }

    /// One sentence for each issuer that says where its keys come from.
    pub(crate) fn key_sources(&self) -> Vec<String> {
        let rules = self.load();
        let sentence = |issuer: &Arc<Issuer>| {
            let source = &issuer.key_source;
            match (&issuer.claims.required_issuer, rules.are_several()) {
                (_, false) => format!("The keys come from {source}"),
                (Some(name), true) => format!("The keys of the issuer '{}' come from {source}", quoted(name)),
                (None, true) => format!("The keys for tokens of all other issuers come from {source}"),
            }
        };
        rules.issuers().into_iter().map(sentence).collect()
    }

    /// True if there are files to poll.
    pub(crate) fn has_files(&self) -> bool {
        match &**self.load() {
            Rules::One(issuer) => issuer.has_files(),
            Rules::Several(_) => true,
        }
    }

    /// Polls `config-files` and the files that they name, and puts their changes in use.
    pub(crate) fn poll(&self) {
        let mut files = self.files.lock().unwrap_or_else(PoisonError::into_inner);
        files.iter_mut().for_each(|file| self.read_change(file));
        self.apply_changes(&mut files);
        for issuer in self.load().issuers() {
            issuer.poll(&self.events, &self.epoch);
        }
    }

    /// Reads one of `config-files` if it has changed.
    fn read_change(&self, IssuerFile { file, issuer, candidate }: &mut IssuerFile) {
        let Some(change) = file.changed() else { return };
        *candidate = None;
        let opened = match change {
            Ok(bytes) => open_issuer(file.path(), &bytes, Arc::clone(&issuer.counters), &self.host, &self.events),
            Err(error) => Err(Problem::for_file("", format!("it cannot be read: {error}")).into()),
        };
        match opened {
            Ok(mut opened) => {
                opened.take_over_keys(issuer);
                *candidate = Some(Candidate { issuer: Arc::new(opened), logged: None });
            }
            Err(errors) => {
                let lines: Vec<_> = errors.problems().iter().map(ToString::to_string).collect();
                log_rejected_change(&self.events, FileKind::Issuer, &named(file), &lines);
            }
        }
    }

    /// Applies the changes: all together if they do not conflict, because an issuer's name may move from one file to
    /// another; otherwise each by itself. Nothing is fetched, and no cache file is written, for a change that conflicts
    /// with another file.
    fn apply_changes(&self, files: &mut [IssuerFile]) {
        let changed = candidates(files, |_| true);
        let together = match table_with(files, &changed) {
            Ok(_) => vec![changed],
            Err(_) => changed.into_iter().map(|index| vec![index]).collect(),
        };
        for changed in together {
            let fits = table_with(files, &changed).map(drop);
            for index in &changed {
                let Some(IssuerFile { file, candidate: Some(candidate), .. }) = files.get_mut(*index) else { continue };
                let waits = fits.clone().and_then(|()| self.keep_fetched(&candidate.issuer).map_err(|why| vec![why]));
                match waits {
                    Err(lines) if candidate.logged.as_ref() != Some(&lines) => {
                        log_rejected_change(&self.events, FileKind::Issuer, &named(file), &lines);
                        candidate.logged = Some(lines);
                    }
                    Ok(()) if !candidate.issuer.has_keys() && candidate.logged != Some(Vec::new()) => {
                        let text = format!(
                            "{} has changed; its previous content stays in use until its new keys are fetched",
                            named(file)
                        );
                        self.events.push(Level::Warning, text);
                        candidate.logged = Some(Vec::new());
                    }
                    _ => {}
                }
            }
            if fits.is_ok() {
                self.put_in_use(files, &changed);
            }
        }
    }

    /// Puts the candidates in use that have keys: all of them together, or each one that does not need the others.
    fn put_in_use(&self, files: &mut [IssuerFile], changed: &[usize]) {
        let mut ready = candidates(files, |candidate| candidate.issuer.has_keys());
        ready.retain(|index| changed.contains(index));
        let together = match table_with(files, &ready) {
            Ok(_) => vec![ready],
            Err(_) => ready.into_iter().map(|index| vec![index]).collect(),
        };
        for ready in together.into_iter().filter(|ready| !ready.is_empty()) {
            let Ok(table) = table_with(files, &ready) else { continue };
            self.epoch.change(|| self.rules.store(Arc::new(Rules::Several(table))));
            for index in ready {
                if let Some(IssuerFile { file, issuer, candidate }) = files.get_mut(index)
                    && let Some(candidate) = candidate.take()
                {
                    *issuer = candidate.issuer;
                    self.events.happenings().reloaded(FileKind::Issuer, true);
                    self.events.push(Level::Info, format!("{} has changed and is in use", named(file)));
                }
            }
        }
    }
}

/// The indexes of the files whose candidates are selected by `is_selected`.
fn candidates(files: &[IssuerFile], is_selected: impl Fn(&Candidate) -> bool) -> Vec<usize> {
    let files = files.iter().enumerate();
    files.filter(|(_, file)| file.candidate.as_ref().is_some_and(&is_selected)).map(|(index, _)| index).collect()
}

/// The name of one of `config-files` in messages.
fn named(file: &WatchedFile) -> String {
    format!("The per-issuer file '{}'", file.path().display())
}

/// Opens the per-issuer files. Adds everything that is wrong to `errors`.
fn open_files(
    paths: &[PathBuf],
    setting: &Setting,
    host: &HostProcess,
    events: &Arc<Events>,
    errors: &mut ConfigurationErrors,
) -> Vec<IssuerFile> {
    let mut files = Vec::with_capacity(paths.len());
    let mut names = HashSet::new();
    for path in paths.iter().filter(|path| !path.as_os_str().is_empty()) {
        let counters = IssuerCounters::new(&name_in_metrics(path, &mut names));
        match WatchedFile::open(path, MAX_FILE_BYTES) {
            Ok((file, bytes)) => match open_issuer(path, &bytes, counters, host, events) {
                Ok(issuer) => files.push(IssuerFile { file, issuer: Arc::new(issuer), candidate: None }),
                Err(more) => errors.extend(more),
            },
            Err(error) => {
                errors.push(setting.problem(format!("names '{}', which cannot be read: {error}", path.display())))
            }
        }
    }
    files
}

/// The name of the file without its end, in characters that metrics and object names have; with a number if another file has
/// the name.
fn name_in_metrics(path: &Path, taken: &mut HashSet<String>) -> String {
    let stem = path.file_stem().unwrap_or_default().to_string_lossy();
    let name = stem.replace(|character: char| !character.is_ascii_alphanumeric(), "_");
    let numbered = (2..).map(|number| format!("{name}_{number}"));
    // A catalog of the jmx connector tells names apart without their case.
    let is_free = |name: &String| !taken.contains(&name.to_ascii_lowercase());
    let free = iter::once(name.clone()).chain(numbered).find(is_free).unwrap_or_default();
    taken.insert(free.to_ascii_lowercase());
    free
}

/// Reads a per-issuer file and opens everything that it names.
fn open_issuer(
    path: &Path,
    bytes: &[u8],
    counters: Arc<IssuerCounters>,
    host: &HostProcess,
    events: &Arc<Events>,
) -> Result<Issuer, ConfigurationErrors> {
    let mut properties = Properties::from_bytes(bytes, path)?;
    let mut errors = ConfigurationErrors::default();
    properties.resolve_environment(&mut errors);
    let configuration = IssuerConfiguration::read_file(&properties, &mut errors);
    match Issuer::open(&configuration, counters, host, events, &mut errors) {
        Some(issuer) => errors.or(issuer),
        None => Err(errors),
    }
}

#[cfg(test)]
pub(crate) mod tests;
