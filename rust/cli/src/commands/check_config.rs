//! `check-config`: finds what is wrong with a configuration before a coordinator does.

mod mappings;
mod permissions;

use std::ffi::OsStr;
use std::fs;
use std::io::{self, Write};
use std::path::{Path, PathBuf};

use nativejwt_core::{
    Authenticator, ConfigurationErrors, KeyFileKind, Level, Problem, Properties, Property, SignatureVerifier,
};

use super::check_token::{FETCH_TIMEOUT, host};
use crate::coordinator_file::{CREDENTIAL_KEY, CoordinatorFile, TYPE_KEY, is_ours, names_jwt, parts};
use crate::failure::{Failure, Outcome, problems_json};
use crate::json::JsonObject;
use crate::pass_through_warnings;

/// Check a coordinator's configuration
///
/// FILE is a whole config.properties or the plugin's file, as for check-token. Everything it names is read, a JWK set is
/// fetched, and all errors are told at once, with file and line. Warnings tell what will hurt later. The exit code is 2
/// if there are errors; warnings leave it at 0. Relative paths start at the current directory, as in the coordinator.
#[derive(clap::Args)]
#[command(
    verbatim_doc_comment,
    after_help = "\
Example:
  nativejwt check-config etc/native-jwt.properties"
)]
pub(crate) struct Arguments {
    /// The coordinator's config.properties or the plugin's file
    #[arg(value_name = "FILE")]
    file: PathBuf,
}

/// What stands for a token's kid in the path of `key-file`.
const VARIABLES: [&str; 2] = ["${KID}", "$KEYID"];

/// What was found out.
#[derive(Default)]
struct Findings {
    errors: ConfigurationErrors,
    warnings: ConfigurationErrors,
    notes: Vec<String>,
    /// The one error is that keys cannot be had now, which stops no coordinator.
    lacks_only_keys: bool,
}

pub(super) fn run(arguments: &Arguments, json: bool, out: &mut dyn Write) -> Result<Outcome, Failure> {
    let findings = check(&arguments.file);
    let (errors, warnings) = (findings.errors.problems(), findings.warnings.problems());
    if json {
        let object = JsonObject::new()
            .boolean("valid", errors.is_empty())
            .raw("errors", &problems_json(errors))
            .raw("warnings", &problems_json(warnings))
            .texts("notes", &findings.notes);
        writeln!(out, "{}", object.finish())?;
    } else {
        for (kind, problems) in [("error", errors), ("warning", warnings)] {
            for problem in problems {
                writeln!(out, "{kind}: {problem}")?;
            }
        }
        for note in &findings.notes {
            writeln!(out, "note: {note}")?;
        }
        let verdict = match errors {
            [] => "valid",
            _ if findings.lacks_only_keys => {
                "NO KEYS: a coordinator starts with it, and refuses logins until they can be had"
            }
            _ => "NOT VALID: a coordinator does not start with it",
        };
        let count = |number: usize, what: &str| format!("{number} {what}{}", if number == 1 { "" } else { "s" });
        writeln!(
            out,
            "{}: {verdict}, {}, {}",
            arguments.file.display(),
            count(errors.len(), "error"),
            count(warnings.len(), "warning")
        )?;
    }
    if errors.is_empty() { Ok(Outcome::Accepted) } else { Err(Failure::Told) }
}

fn check(path: &Path) -> Findings {
    let mut findings = Findings::default();
    let file = match CoordinatorFile::load(path) {
        Ok(file) => file,
        Err(errors) => return Findings { errors, warnings: Properties::pitfalls(path, is_ours), ..findings },
    };
    findings.warnings = Properties::pitfalls(path, |key| file.is_plugin_file || is_ours(key) || key == TYPE_KEY);
    if let Some(problem) = look_at_the_seam(&file) {
        findings.errors.push(problem);
        if file.properties.entries.is_empty() {
            return findings;
        }
    }
    match Authenticator::open_with(&file.properties, &host()) {
        Ok(authenticator) => {
            let source = &file.properties.source;
            let fetched = authenticator.wait_until_fetched(FETCH_TIMEOUT);
            if let Err(why) = &fetched {
                let named = find(&file.properties, "key-file").or_else(|| find(&file.properties, "config-files"));
                let (key, line) = named.map_or(("key-file", 0), |entry| (&*entry.name, entry.line));
                findings.lacks_only_keys = findings.errors.problems().is_empty();
                findings.errors.push(Problem::for_property(key, source, line, format!("gives no keys: {why}")));
            }
            while let Some(event) = authenticator.events().pop() {
                match event.level {
                    // Told above, with its line.
                    Level::Error if fetched.is_err() => {}
                    Level::Warning if fetched.as_ref().is_err_and(|why| tells_of(&event.text, why)) => {}
                    Level::Error => findings.errors.push(Problem::for_file(source, event.text)),
                    Level::Warning => findings.warnings.push(Problem::for_file(source, event.text)),
                    Level::Info => findings.notes.push(event.text),
                }
            }
        }
        Err(errors) => errors.problems().iter().for_each(|problem| findings.errors.push(problem.clone())),
    }
    if let Some(credential) = file.properties.get(CREDENTIAL_KEY) {
        let found = pass_through_warnings::look(path, &file, &credential.value);
        found.warnings.problems().iter().for_each(|problem| findings.warnings.push(problem.clone()));
        findings.notes.extend(found.notes);
    }
    let issuers = issuers(&file.properties);
    for rules in &issuers {
        if rules.source != file.properties.source {
            findings.warnings.extend(Properties::pitfalls(Path::new(&rules.source), |_| true));
        }
        warn_of_claims(rules, &mut findings.warnings);
        warn_of_files(rules, &mut findings.warnings);
    }
    mappings::look(&issuers, &mut findings.warnings, &mut findings.notes);
    permissions::warn_of_permissions(path, &file.properties, &issuers, &mut findings.warnings);
    findings
}

/// True if the event is a failed fetch that `why` names too.
fn tells_of(event: &str, why: &str) -> bool {
    let fetch = event.strip_prefix("The fetch of keys from ").and_then(|event| event.split_once(" failed"));
    fetch.is_some_and(|(location, _)| why.contains(&format!("the fetch from {location} failed")))
}

/// The properties that describe issuers: those of the files in `config-files`, else the file's own. What is wrong with
/// them was found when they were opened.
fn issuers(properties: &Properties) -> Vec<Properties> {
    let Some(files) = find(properties, "config-files") else { return vec![properties.clone()] };
    let load = |path: &str| {
        let mut properties = Properties::load(Path::new(path.trim())).ok()?;
        properties.resolve_environment(&mut ConfigurationErrors::default());
        Some(properties)
    };
    files.value.split(',').filter_map(load).collect()
}

/// The value of one of our keys, by the end of its name.
fn find<'f>(properties: &'f Properties, name: &str) -> Option<&'f Property> {
    ["http-server.authentication.jwt.", "http.authentication.jwt."]
        .iter()
        .find_map(|prefix| properties.get(&format!("{prefix}{name}")))
}

/// True if `key-file` names local files, or one.
fn is_file(key_file: &str) -> bool {
    matches!(KeyFileKind::from_value(key_file), KeyFileKind::File | KeyFileKind::Template)
}

/// The variable in a `key-file` that names a file for each kid.
fn variable_of(key_file: &str) -> Option<&'static str> {
    let variable = VARIABLES.into_iter().find(|variable| key_file.contains(variable));
    variable.filter(|_| KeyFileKind::from_value(key_file) == KeyFileKind::Template)
}

/// What is wrong with a config.properties whose coordinator would not use the keys.
fn look_at_the_seam(file: &CoordinatorFile) -> Option<Problem> {
    let (value, line) = file.authentication_type.clone().unwrap_or_default();
    if file.is_plugin_file || parts(&value).any(names_jwt) {
        return None;
    }
    let is_header = parts(&value).any(|part| part.eq_ignore_ascii_case("HEADER"));
    let message = match (file.properties.entries.is_empty(), value.is_empty()) {
        (true, _) if is_header => {
            format!("is '{value}', so the keys of JWT are elsewhere: check the file that header-authenticator.config-files names")
        }
        (true, true) => "is not set, and there is no key of JWT. The plugin's file begins with header-authenticator.name=native-jwt".to_owned(),
        (true, false) => format!("is '{value}', and there is no key of JWT: list JWT there for the server seam"),
        (false, true) => "is not set, so the coordinator does not start with the keys of JWT in this file. Is it the plugin's? Then header-authenticator.name=native-jwt is missing".to_owned(),
        (false, false) => format!("is '{value}', so the coordinator does not start with the keys of JWT in this file: list JWT there, or move the keys to the file that header-authenticator.config-files names"),
    };
    Some(Problem::for_property(TYPE_KEY, &file.properties.source, line, message))
}

fn warn_of_claims(properties: &Properties, warnings: &mut ConfigurationErrors) {
    if find(properties, "required-audience").is_none() {
        warnings.push(Problem::for_property(
            "http-server.authentication.jwt.required-audience",
            &properties.source,
            0,
            "is not set: a token that the issuer made for any other service is good for this coordinator too",
        ));
    }
}

fn warn_of_files(properties: &Properties, warnings: &mut ConfigurationErrors) {
    let source = &properties.source;
    if let Some(entry) = find(properties, "key-file")
        && let Some(variable) = variable_of(&entry.value)
    {
        warn_of_unusable_keys(entry, variable, source, warnings);
        let default = entry.value.replace(variable, "default-key");
        if !Path::new(&default).exists() {
            let message = format!("has no file for tokens without kid, which are refused: '{default}' is not there");
            warnings.push(Problem::for_property(&entry.name, source, entry.line, message));
        }
    }
}

/// Reads the files that tokens can name by their kid, where the kid is part of the file's name.
fn warn_of_unusable_keys(entry: &Property, variable: &str, source: &str, warnings: &mut ConfigurationErrors) {
    let mut warn = |message: String| warnings.push(Problem::for_property(&entry.name, source, entry.line, message));
    match files_of_template(&entry.value, variable) {
        Err((folder, error)) => warn(format!("has no folder of keys: '{}' cannot be read: {error}", folder.display())),
        Ok(files) => {
            for file in files {
                let Some(text) = file.to_str() else { continue };
                match SignatureVerifier::open(text) {
                    Err(why) => warn(format!("names '{text}' for one kid, whose tokens are refused: {why}")),
                    Ok(verifier) => std::iter::from_fn(|| verifier.events().pop())
                        .filter(|event| event.level != Level::Info)
                        .for_each(|event| {
                            warn(format!("names a file for one kid, of which there is to know: {}", event.text))
                        }),
                }
            }
        }
    }
}

/// The local files that a `key-file` names: the one, or those that tokens can name by their kid.
fn key_files(key_file: &str) -> Vec<PathBuf> {
    match variable_of(key_file) {
        Some(variable) => files_of_template(key_file, variable).unwrap_or_default(),
        None if is_file(key_file) => vec![PathBuf::from(key_file)],
        None => Vec::new(),
    }
}

/// The files that a path with `variable` in its last part can name, sorted. The error names the folder.
fn files_of_template(template: &str, variable: &str) -> Result<Vec<PathBuf>, (PathBuf, io::Error)> {
    let template = Path::new(template);
    let name = template.file_name().and_then(OsStr::to_str).and_then(|name| name.split_once(variable));
    let (Some(folder), Some((before, after))) = (template.parent(), name) else { return Ok(Vec::new()) };
    let folder = if folder.as_os_str().is_empty() { Path::new(".") } else { folder };
    let files = fs::read_dir(folder).map_err(|error| (folder.to_owned(), error))?;
    let is_named = |path: &PathBuf| {
        let name = path.file_name().and_then(OsStr::to_str).unwrap_or_default();
        name.len() > before.len() + after.len() && name.starts_with(before) && name.ends_with(after) && path.is_file()
    };
    let mut files: Vec<PathBuf> = files.filter_map(Result::ok).map(|file| file.path()).filter(is_named).collect();
    files.sort();
    Ok(files)
}
