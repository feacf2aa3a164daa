// SPDX-License-Identifier: Apache-2.0
//! `check-config`: checks a configuration before a coordinator starts with it.

mod mappings;
mod online;
mod permissions;
mod weak_keys;

use std::ffi::OsStr;
use std::fs;
use std::io::{self, Write};
use std::path::{Path, PathBuf};

use nativejwt_control::ControlSocket;
use nativejwt_core::{
    Authenticator, ConfigurationErrors, Event, Finding, HostProcess, InForce, KeyFileKind, Level, Problem, Properties,
    Property, SignatureVerifier,
};

use crate::claim_rules;
use crate::coordinator_file::{
    CREDENTIAL_PROPERTY, CoordinatorFile, FETCH_TIMEOUT, TYPE_PROPERTY, host, is_ours, names_jwt, parts,
};
use crate::failure::{Failure, Outcome};
use crate::json::JsonObject;
use crate::surroundings::{self, Given};

/// Check a coordinator's configuration
///
/// FILE is a whole config.properties or the plugin's property file, as for check-token. Everything that it names is read,
/// and JWK Sets are fetched. All errors are printed, with file and line, and warnings about settings that will cause
/// problems later. Each has a stable name, which docs/findings.md explains. The exit code is 2 if there are errors; with
/// warnings only, it is 0. Relative paths start at the current directory, as in the coordinator.
#[derive(clap::Args)]
#[command(
    verbatim_doc_comment,
    after_help = "\
Examples:
  nativejwt check-config etc/native-jwt.properties
  nativejwt check-config --online --strict etc/config.properties"
)]
pub(crate) struct Arguments {
    /// The coordinator's config.properties, or the plugin's property file
    #[arg(value_name = "FILE")]
    file: PathBuf,

    /// Also check what will hurt later: weak and published keys, exp, clocks, mappings
    ///
    /// Keys are fetched without this option as well. With it, the command looks at the keys, compares this machine's
    /// clock with that of the key server, and warns of tokens without exp and of mappings that give no user.
    #[arg(long, verbatim_doc_comment)]
    online: bool,

    /// Warnings are errors: the exit code is 2 if there are any
    #[arg(long)]
    strict: bool,
}

/// The variables for the token's kid in the path of `key-file`.
const VARIABLES: [&str; 2] = ["${KID}", "$KEYID"];

/// The result of the check.
#[derive(Default)]
struct Findings {
    errors: ConfigurationErrors,
    warnings: ConfigurationErrors,
    notes: Vec<String>,
    /// The only error is that keys cannot be fetched now. A coordinator starts nevertheless.
    lacks_only_keys: bool,
    /// What is in force in a coordinator with this configuration; `None` if it cannot be opened.
    in_force: Option<InForce>,
}

pub(super) fn run(arguments: &Arguments, json: bool, out: &mut dyn Write) -> Result<Outcome, Failure> {
    let mut findings = check(&arguments.file, arguments.online);
    let starts = findings.errors.problems().is_empty();
    if arguments.strict {
        findings.errors.extend(std::mem::take(&mut findings.warnings));
    }
    let (errors, warnings) = (findings.errors.problems(), findings.warnings.problems());
    let all = || [(ERROR, errors), (WARNING, warnings)].into_iter();
    let all = || all().flat_map(|(severity, problems)| problems.iter().map(move |problem| (severity, problem)));
    if json {
        let objects: Vec<String> = all().map(|(severity, problem)| finding_json(severity, problem)).collect();
        let object = JsonObject::new()
            .boolean("valid", errors.is_empty())
            .raw("findings", &format!("[{}]", objects.join(",")))
            .texts("notes", &findings.notes)
            .raw("in_force", &findings.in_force.map_or_else(|| "null".to_owned(), |in_force| in_force_json(&in_force)));
        writeln!(out, "{}", object.finish())?;
    } else {
        for (severity, problem) in all() {
            writeln!(out, "{severity}[{}]: {problem}", name_of(problem))?;
        }
        for note in &findings.notes {
            writeln!(out, "note: {note}")?;
        }
        let verdict = match errors {
            [] => "valid",
            _ if starts => "NOT VALID because of --strict: a coordinator starts with it",
            _ if findings.lacks_only_keys => {
                "NO KEYS: a coordinator would start, but reject every token until the keys can be fetched"
            }
            _ => "NOT VALID: a coordinator fails to start with it",
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
    if errors.is_empty() { Ok(Outcome::Accepted) } else { Err(Failure::Reported) }
}

/// The same as `in_force` of `ctl --json status`.
fn in_force_json(in_force: &InForce) -> String {
    let parts = in_force.parts().into_iter();
    parts.fold(JsonObject::new(), |object, (name, print)| object.text(name, &print.to_string())).finish()
}

const ERROR: &str = "error";
const WARNING: &str = "warning";

/// The stable name of a problem. The library gives most errors none, since the message is enough.
fn name_of(problem: &Problem) -> Finding {
    problem.finding().unwrap_or(Finding::InvalidConfiguration)
}

/// One finding. docs/command.md documents the members.
fn finding_json(severity: &str, problem: &Problem) -> String {
    let text = |text: &'_ str| (!text.is_empty()).then(|| text.to_owned());
    JsonObject::new()
        .text("name", name_of(problem).name())
        .text("severity", severity)
        .text("message", problem.message())
        .maybe_text("fix", problem.fix())
        .maybe_text("file", text(problem.source()).as_deref())
        .maybe_number("line", (problem.line() > 0).then_some(problem.line()))
        .maybe_text("property", problem.property())
        .finish()
}

/// A warning of the library as a finding.
fn named(problem: Problem, event: &Event) -> Problem {
    problem.named(event.finding.unwrap_or(Finding::LogWarning))
}

fn check(path: &Path, online: bool) -> Findings {
    let mut findings = Findings::default();
    let file = match CoordinatorFile::load(path) {
        Ok(file) => file,
        Err(errors) => return Findings { errors, warnings: Properties::pitfalls(path, is_ours), ..findings },
    };
    findings.warnings =
        Properties::pitfalls(path, |property| file.is_plugin_file || is_ours(property) || property == TYPE_PROPERTY);
    if let Some(problem) = check_authentication_type(&file) {
        findings.errors.push(problem);
        if file.properties.entries.is_empty() {
            return findings;
        }
    }
    // A plugin has no address for logout tokens, and in shadow mode the built-in authenticator does not read its file.
    let host =
        HostProcess { without_logout_endpoint: file.is_plugin_file, beside_built_in: !file.is_plugin_file, ..host() };
    match Authenticator::open_with(&file.properties, &host) {
        Ok(authenticator) => {
            findings.in_force = Some(authenticator.in_force());
            if let Some(problem) = ControlSocket::check(&authenticator) {
                findings.errors.push(problem);
            }
            let source = &file.properties.source;
            let fetched = authenticator.wait_until_fetched(FETCH_TIMEOUT);
            if let Err(why) = &fetched {
                let named = find(&file.properties, "key-file").or_else(|| find(&file.properties, "config-files"));
                let (property, line) = named.map_or(("key-file", 0), |entry| (&*entry.name, entry.line));
                findings.lacks_only_keys = findings.errors.problems().is_empty();
                let problem = Problem::for_property(property, source, line, format!("provides no keys: {why}"));
                findings.errors.push(problem.named(Finding::KeysNotFetched));
            }
            if online {
                let issuers = issuers(&file.properties);
                online::check(&authenticator, &issuers, &mut findings.warnings, &mut findings.notes);
            }
            while let Some(event) = authenticator.events().pop() {
                match event.level {
                    // Reported above, with its line.
                    Level::Error if fetched.is_err() => {}
                    Level::Warning if fetched.as_ref().is_err_and(|why| names_failed_fetch(&event.text, why)) => {}
                    Level::Error => findings.errors.push(Problem::for_file(source, event.text)),
                    Level::Warning => {
                        let problem = Problem::for_file(source, &*event.text);
                        findings.warnings.push(named(problem, &event));
                    }
                    Level::Info => findings.notes.push(event.text),
                }
            }
        }
        Err(errors) => errors.problems().iter().for_each(|problem| findings.errors.push(problem.clone())),
    }
    let given = Given {
        credential: file.properties.get(CREDENTIAL_PROPERTY).map(|entry| entry.value.as_str()),
        storage: find(&file.properties, "storage.sts-endpoint").is_some(),
    };
    let found = surroundings::check(path, &file, given);
    findings.warnings.extend(found.warnings.problems().iter().cloned());
    findings.notes.extend(found.notes);
    let issuers = issuers(&file.properties);
    for rules in &issuers {
        if rules.source != file.properties.source {
            findings.warnings.extend(Properties::pitfalls(Path::new(&rules.source), |_| true));
        }
        warn_of_claims(rules, &mut findings.warnings);
        warn_of_files(rules, &mut findings.warnings);
    }
    warn_of_claim_rules(&file.properties, &mut findings.warnings);
    mappings::check(&issuers, online, &mut findings.warnings, &mut findings.notes);
    permissions::warn_of_permissions(path, &file.properties, &issuers, &mut findings.warnings);
    findings
}

/// True if the event reports a failed fetch that `why` also reports.
fn names_failed_fetch(event: &str, why: &str) -> bool {
    let fetch = event.strip_prefix("The fetch of keys from ").and_then(|event| event.split_once(" failed"));
    fetch.is_some_and(|(location, _)| why.contains(&format!("the fetch from {location} failed")))
}

/// The properties of each issuer: those of the files in `config-files`, else the file's own. Errors in them were reported
/// when the authenticator was opened.
fn issuers(properties: &Properties) -> Vec<Properties> {
    let Some(files) = find(properties, "config-files") else { return vec![properties.clone()] };
    let load = |path: &str| {
        let mut properties = Properties::load(Path::new(path.trim())).ok()?;
        properties.resolve_environment(&mut ConfigurationErrors::default());
        Some(properties)
    };
    files.value.split(',').filter_map(load).collect()
}

/// One of our properties, by its name without the prefix.
fn find<'f>(properties: &'f Properties, name: &str) -> Option<&'f Property> {
    ["http-server.authentication.jwt.", "http.authentication.jwt."]
        .iter()
        .find_map(|prefix| properties.get(&format!("{prefix}{name}")))
}

/// True if `key-file` names one or more local files.
fn is_file(key_file: &str) -> bool {
    matches!(KeyFileKind::from_value(key_file), KeyFileKind::File | KeyFileKind::Template)
}

/// The variable of a `key-file` that names one file for each kid.
fn variable_of(key_file: &str) -> Option<&'static str> {
    let variable = VARIABLES.into_iter().find(|variable| key_file.contains(variable));
    variable.filter(|_| KeyFileKind::from_value(key_file) == KeyFileKind::Template)
}

/// The error for a config.properties whose `http-server.authentication.type` does not use our properties.
fn check_authentication_type(file: &CoordinatorFile) -> Option<Problem> {
    let (value, line) = file.authentication_type.clone().unwrap_or_default();
    if file.is_plugin_file || file.serves_web_ui || parts(&value).any(names_jwt) {
        return None;
    }
    let is_header = parts(&value).any(|part| part.eq_ignore_ascii_case("HEADER"));
    let set = if value.is_empty() { "is not set".to_owned() } else { format!("is '{value}'") };
    let fails = "so the coordinator fails to start with the JWT properties in this file";
    let (message, fix) = match (file.properties.entries.is_empty(), value.is_empty()) {
        (true, _) if is_header => (
            format!("{set}, so the JWT properties are in another file"),
            "Check the file that header-authenticator.config-files names",
        ),
        (true, true) => (
            format!("{set}, and the file has no JWT property"),
            "If it is the plugin's property file, add the line header-authenticator.name=native-jwt",
        ),
        (true, false) => {
            (format!("{set}, and the file has no JWT property"), "For the server launcher, list JWT there")
        }
        (false, true) => {
            (format!("{set}, {fails}"), "If it is the plugin's property file, add header-authenticator.name=native-jwt")
        }
        (false, false) => (
            format!("{set}, {fails}"),
            "List JWT there, or move the properties to the file that header-authenticator.config-files names",
        ),
    };
    let problem = Problem::for_property(TYPE_PROPERTY, &file.properties.source, line, message);
    Some(problem.with_fix(Finding::AuthenticationType, fix))
}

fn warn_of_claims(properties: &Properties, warnings: &mut ConfigurationErrors) {
    if find(properties, "required-audience").is_none() {
        let problem = Problem::for_property(
            "http-server.authentication.jwt.required-audience",
            &properties.source,
            0,
            "is not set: the coordinator accepts tokens that the issuer made for other services",
        );
        warnings.push(problem.named(Finding::NoAudience));
    }
}

fn warn_of_claim_rules(properties: &Properties, warnings: &mut ConfigurationErrors) {
    let Some(file) = find(properties, "claim-rules.file") else { return };
    // Errors were reported when the authenticator was opened.
    if let Ok(rules) = claim_rules::read(Path::new(&file.value)) {
        let named = |message| Problem::for_file(&file.value, message).named(Finding::ClaimRuleDoubtful);
        warnings.extend(rules.warnings().into_iter().map(|warning| named(warning.message)));
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
            let message = format!("has no file for tokens without kid, which are rejected: '{default}' does not exist");
            let problem = Problem::for_property(&entry.name, source, entry.line, message);
            warnings.push(problem.named(Finding::NoDefaultKey));
        }
    }
}

/// Reads the files that tokens can name by their kid, if the variable is in the last part of the path.
fn warn_of_unusable_keys(entry: &Property, variable: &str, source: &str, warnings: &mut ConfigurationErrors) {
    let mut warn = |finding: Finding, message: String| {
        warnings.push(Problem::for_property(&entry.name, source, entry.line, message).named(finding));
    };
    match files_of_template(&entry.value, variable) {
        Err((folder, error)) => warn(
            Finding::KeyFolderUnreadable,
            format!("names a folder that cannot be read: '{}': {error}", folder.display()),
        ),
        Ok(files) => {
            for file in files {
                let Some(text) = file.to_str() else { continue };
                match SignatureVerifier::open(text) {
                    Err(why) => warn(
                        Finding::KeyFileUnusable,
                        format!("names '{text}' for one kid, whose tokens are rejected: {why}"),
                    ),
                    Ok(verifier) => std::iter::from_fn(|| verifier.events().pop())
                        .filter(|event| event.level != Level::Info)
                        .for_each(|event| {
                            let finding = event.finding.unwrap_or(Finding::KeyFileUnusable);
                            warn(finding, format!("names a file for one kid, with a warning: {}", event.text));
                        }),
                }
            }
        }
    }
}

/// The local files of a `key-file`: one file, or those that tokens can name by their kid.
fn key_files(key_file: &str) -> Vec<PathBuf> {
    match variable_of(key_file) {
        Some(variable) => files_of_template(key_file, variable).unwrap_or_default(),
        None if is_file(key_file) => vec![PathBuf::from(key_file)],
        None => Vec::new(),
    }
}

/// The files that a path with `variable` in its last part can name, sorted.
///
/// # Errors
/// The folder cannot be read. The error has its path.
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
