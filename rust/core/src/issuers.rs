//! Which issuer's rules judge a token.
//!
//! With one configuration its rules judge every token, `required-issuer` among them. With `config-files` the token's own
//! `iss`, which nobody has verified yet, chooses the file whose `required-issuer` it equals; it decides nothing else. Then
//! that issuer's keys verify the signature, and its rules demand the `iss` once more.

use std::collections::HashMap;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use arc_swap::{ArcSwap, Guard};

use crate::claims;
use crate::config::{Configuration, ConfigurationErrors, IssuerConfiguration, Problem, Properties, Setting};
use crate::environment::Environment;
use crate::epoch::Epoch;
use crate::events::{Events, Level};
use crate::issuer::Issuer;
use crate::keys::Refresher;
use crate::reject::{Reject, RejectCode, quoted};
use crate::watched_file::{WatchedFile, tell_refused};

/// No property file is as large as this; a JWK set may stand in it.
const MAX_FILE_BYTES: u64 = 4 * 1024 * 1024;

/// The rules of all issuers, as they are now.
pub(crate) enum Rules {
    One(Arc<Issuer>),
    Several(Table),
}

/// The issuers of `config-files`.
pub(crate) struct Table {
    by_name: HashMap<Box<str>, Arc<Issuer>>,
    /// The one without `required-issuer`.
    otherwise: Option<Arc<Issuer>>,
}

impl Rules {
    /// The rules that judge a token with this payload, which is not verified.
    pub(crate) fn of(&self, payload: &[u8]) -> Result<&Arc<Issuer>, Reject> {
        match self {
            Self::One(issuer) => Ok(issuer),
            Self::Several(table) => table.of(payload),
        }
    }

    /// True if tokens choose between them.
    pub(crate) fn are_several(&self) -> bool {
        matches!(self, Self::Several(_))
    }

    pub(crate) fn issuers(&self) -> Vec<&Arc<Issuer>> {
        match self {
            Self::One(issuer) => vec![issuer],
            Self::Several(table) => table.by_name.values().chain(&table.otherwise).collect(),
        }
    }
}

impl Table {
    /// Puts the issuers together. The error names the files that do not go together.
    fn new<'f>(issuers: impl IntoIterator<Item = (&'f Path, &'f Arc<Issuer>)>) -> Result<Self, Vec<String>> {
        let (mut table, mut errors) = (Self { by_name: HashMap::new(), otherwise: None }, Vec::new());
        let mut files: HashMap<Option<&str>, &Path> = HashMap::new();
        let mut cache_files: HashMap<PathBuf, &Path> = HashMap::new();
        for (path, issuer) in issuers {
            if let Some(cache_file) = issuer.cache_file.as_deref().map(resolved)
                && let Some(other) = cache_files.insert(cache_file.clone(), path)
            {
                errors.push(format!(
                    "'{}' and '{}' have the same jwks.cache-file, '{}': each issuer needs its own",
                    other.display(),
                    path.display(),
                    cache_file.display()
                ));
            }
            let name = issuer.claims.required_issuer.as_deref();
            if let Some(other) = files.insert(name, path) {
                let (other, path) = (other.display(), path.display());
                errors.push(match name {
                    Some(name) => format!("'{other}' and '{path}' have the same required-issuer, '{}'", quoted(name)),
                    None => format!(
                        "'{other}' and '{path}' have no required-issuer: one file at most may do without, for the tokens that are no other's"
                    ),
                });
            }
            match name {
                Some(name) => drop(table.by_name.insert(name.into(), Arc::clone(issuer))),
                None => table.otherwise = Some(Arc::clone(issuer)),
            }
        }
        if errors.is_empty() { Ok(table) } else { Err(errors) }
    }

    fn of(&self, payload: &[u8]) -> Result<&Arc<Issuer>, Reject> {
        let name = claims::unverified_issuer(payload)?;
        let named = name.as_deref().and_then(|name| self.by_name.get(name));
        named.or(self.otherwise.as_ref()).ok_or_else(|| match name {
            Some(name) => Reject::new(
                RejectCode::UnknownIssuer,
                format!("The issuer of the token is not one of those that are trusted here: {}", quoted(&name)),
            ),
            None => Reject::new(RejectCode::MissingIssuer, "Missing 'iss' claim: it says whose token this is"),
        })
    }
}

/// The path by which a file is the same as another one, whether or not it is there yet.
fn resolved(path: &Path) -> PathBuf {
    let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
    match (path.canonicalize(), folder.canonicalize(), path.file_name()) {
        (Ok(resolved), ..) => resolved,
        (Err(_), Ok(folder), Some(name)) => folder.join(name),
        _ => path.to_owned(),
    }
}

/// The file of one issuer.
struct IssuerFile {
    file: WatchedFile,
    issuer: Arc<Issuer>,
    /// A good change that does not count yet: the old rules serve until it does.
    candidate: Option<Candidate>,
}

/// It waits for its keys, or for another file that it does not go together with.
struct Candidate {
    issuer: Arc<Issuer>,
    /// What the operator was told that it waits for; no lines for its keys.
    told: Option<Vec<String>>,
}

/// The issuers with the candidates of some files in the place of the old ones.
fn table_with(files: &[IssuerFile], changed: &[usize]) -> Result<Table, Vec<String>> {
    Table::new(files.iter().enumerate().map(|(index, file)| {
        let candidate = file.candidate.as_ref().filter(|_| changed.contains(&index));
        (file.file.path(), candidate.map_or(&file.issuer, |candidate| &candidate.issuer))
    }))
}

/// The rules of all issuers, and the files that they are read from.
pub(crate) struct Issuers {
    rules: ArcSwap<Rules>,
    /// Touched by the watching thread only.
    files: Mutex<Vec<IssuerFile>>,
    events: Arc<Events>,
    /// Raised with each change of what a verdict depends on.
    epoch: Arc<Epoch>,
    environment: Environment,
    /// Started for the first key set of a URL.
    refresher: Mutex<Option<Refresher>>,
}

impl Issuers {
    /// Opens everything that the configuration names. `errors` holds what is wrong with the rest of it.
    ///
    /// # Errors
    /// All that is wrong, at once.
    pub(crate) fn open(
        properties: &Properties,
        environment: &Environment,
        events: &Arc<Events>,
        mut errors: ConfigurationErrors,
    ) -> Result<Self, ConfigurationErrors> {
        let (rules, files, setting) = match Configuration::read(properties, &mut errors) {
            Configuration::One(configuration) => {
                let issuer = Issuer::open(&configuration, environment, events, &mut errors);
                (issuer.map(|issuer| Rules::One(Arc::new(issuer))), Vec::new(), configuration.key_file)
            }
            Configuration::Several { files, setting } => {
                let files = open_files(&files, &setting, environment, events, &mut errors);
                let table = Table::new(files.iter().map(|file| (file.file.path(), &file.issuer)));
                let table = table.map_err(|lines| {
                    lines.into_iter().for_each(|line| errors.push(setting.problem(format!("does not work: {line}"))));
                });
                (table.ok().map(Rules::Several), files, setting)
            }
        };
        // Last, so that nothing is fetched for a configuration that is not used.
        let Some(rules) = rules else { return Err(errors) };
        let rules = errors.or(rules)?;
        let issuers = Self {
            rules: ArcSwap::from_pointee(rules),
            files: Mutex::new(files),
            events: Arc::clone(events),
            epoch: Arc::default(),
            environment: environment.clone(),
            refresher: Mutex::default(),
        };
        for issuer in issuers.load().issuers() {
            issuers.keep_fetched(issuer).map_err(|why| setting.problem(why))?;
        }
        // After all fetches were begun, so that the longest of them is all there is to wait for.
        let mut errors = ConfigurationErrors::default();
        for issuer in issuers.load().issuers() {
            issuer.fail_fast().unwrap_or_else(|problem| errors.push(problem));
        }
        errors.or(issuers)
    }

    /// Tells verdicts of before a change from those of after it.
    pub(crate) fn epoch(&self) -> &Epoch {
        &self.epoch
    }

    /// The present rules. It takes no lock.
    pub(crate) fn load(&self) -> Guard<Arc<Rules>> {
        self.rules.load()
    }

    /// Has the keys of the issuer fetched from now on, if they come from a URL.
    fn keep_fetched(&self, issuer: &Issuer) -> Result<(), String> {
        let Some(key_set) = issuer.remote() else { return Ok(()) };
        let no_thread = |error| format!("cannot be fetched: no thread can be started: {error}");
        let mut refresher = self.refresher.lock().unwrap_or_else(PoisonError::into_inner);
        match &*refresher {
            Some(refresher) => refresher.add(key_set),
            None => refresher.insert(Refresher::start(&self.events, &self.epoch).map_err(no_thread)?).add(key_set),
        }
        Ok(())
    }

    /// Waits until the keys that come from URLs were fetched once, well or badly. `Err` says why there are none.
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

    /// For each issuer a sentence that says where its keys come from.
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

    /// True if there are files that may change.
    pub(crate) fn has_files(&self) -> bool {
        match &**self.load() {
            Rules::One(issuer) => issuer.has_files(),
            Rules::Several(_) => true,
        }
    }

    /// Takes changes of all files in: those of `config-files` and those that they name.
    pub(crate) fn look(&self) {
        let mut files = self.files.lock().unwrap_or_else(PoisonError::into_inner);
        files.iter_mut().for_each(|file| self.read_change(file));
        self.take_changes(&mut files);
        for issuer in self.load().issuers() {
            issuer.look(&self.events, &self.epoch);
        }
    }

    /// Reads one of `config-files` if it has changed.
    fn read_change(&self, IssuerFile { file, issuer, candidate }: &mut IssuerFile) {
        let Some(change) = file.changed() else { return };
        *candidate = None;
        let opened = match change {
            Ok(bytes) => open_issuer(file.path(), &bytes, &self.environment, &self.events),
            Err(error) => Err(Problem::of_source("", format!("it cannot be read: {error}")).into()),
        };
        match opened {
            Ok(mut opened) => {
                opened.take_over_keys(issuer);
                *candidate = Some(Candidate { issuer: Arc::new(opened), told: None });
            }
            Err(errors) => {
                let lines: Vec<_> = errors.problems().iter().map(ToString::to_string).collect();
                tell_refused(&self.events, &named(file), &lines);
            }
        }
    }

    /// Takes in what has changed: all files together if they go together, since a name may move from one file to another,
    /// else each by itself. Nothing is fetched, and no cache file written, for a change that does not go together with the
    /// others.
    fn take_changes(&self, files: &mut [IssuerFile]) {
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
                    Err(lines) if candidate.told.as_ref() != Some(&lines) => {
                        tell_refused(&self.events, &named(file), &lines);
                        candidate.told = Some(lines);
                    }
                    Ok(()) if !candidate.issuer.has_keys() && candidate.told != Some(Vec::new()) => {
                        let text = format!(
                            "{} has changed; the old one counts until the keys of the new one are fetched",
                            named(file)
                        );
                        self.events.push(Level::Warning, text);
                        candidate.told = Some(Vec::new());
                    }
                    _ => {}
                }
            }
            if fits.is_ok() {
                self.put_in_use(files, &changed);
            }
        }
    }

    /// Puts those candidates in use that have keys: all of them, or each that can do without the others.
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
                    && let Some(taken) = candidate.take()
                {
                    *issuer = taken.issuer;
                    self.events.push(Level::Info, format!("{} has changed and is in use", named(file)));
                }
            }
        }
    }
}

/// The files whose candidates are of this kind.
fn candidates(files: &[IssuerFile], is_meant: impl Fn(&Candidate) -> bool) -> Vec<usize> {
    let files = files.iter().enumerate();
    files.filter(|(_, file)| file.candidate.as_ref().is_some_and(&is_meant)).map(|(index, _)| index).collect()
}

/// One of `config-files`, for messages.
fn named(file: &WatchedFile) -> String {
    format!("The file of an issuer '{}'", file.path().display())
}

/// Opens the files of all issuers. What is wrong with them goes to `errors`.
fn open_files(
    paths: &[PathBuf],
    setting: &Setting,
    environment: &Environment,
    events: &Arc<Events>,
    errors: &mut ConfigurationErrors,
) -> Vec<IssuerFile> {
    let mut files = Vec::with_capacity(paths.len());
    for path in paths.iter().filter(|path| !path.as_os_str().is_empty()) {
        match WatchedFile::open(path, MAX_FILE_BYTES) {
            Ok((file, bytes)) => match open_issuer(path, &bytes, environment, events) {
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

/// Reads the file of one issuer and opens what it names.
fn open_issuer(
    path: &Path,
    bytes: &[u8],
    environment: &Environment,
    events: &Arc<Events>,
) -> Result<Issuer, ConfigurationErrors> {
    let mut properties = Properties::of_file(bytes, path)?;
    let mut errors = ConfigurationErrors::default();
    properties.resolve_environment(&mut errors);
    let configuration = IssuerConfiguration::read_file(&properties, &mut errors);
    match Issuer::open(&configuration, environment, events, &mut errors) {
        Some(issuer) => errors.or(issuer),
        None => Err(errors),
    }
}

#[cfg(test)]
pub(crate) mod tests;
