// SPDX-License-Identifier: Apache-2.0
//! `check-rules`: tries a file of claim rules with claims, without a token.

use std::fs;
use std::io::{self, IsTerminal as _, Read as _, Write};
use std::path::{Path, PathBuf};

use nativejwt_control::claim_rule_lines;
use nativejwt_core::{ClaimRules, Granted, Reason, Rejection, UnixMillis, quoted};
use serde::Deserialize;
use serde_json::value::RawValue;

use crate::claim_rules;
use crate::failure::{Failure, Outcome, with_reject};
use crate::json::JsonObject;
use crate::time::parse_time;

/// Try a file of claim rules
///
/// Reads the rules of FILE and the claims of a token, one JSON object, from standard input. Prints each rule up to the one
/// that decides, with its conditions, and the decision. Only the rules decide: signature, times, issuer, audience and
/// required claims are not checked. Without claims, only the file is checked. Warnings name rules that are probably wrong.
///
/// With --cases, standard input is not read. The file of cases is a JSON array of objects with these members: name; claims;
/// allow, which is true or false; and, if they are to be compared, rule (the number of the rule that decides), user,
/// groups, and message. A case may have at, the time of the decision. The last line of the output counts the cases. The
/// exit code is 1 if the claims are rejected, or if a case fails.
#[derive(clap::Args)]
#[command(
    verbatim_doc_comment,
    after_help = "\
Examples:
  echo '{\"sub\":\"alice\",\"scope\":\"trino\"}' | nativejwt check-rules etc/claim-rules.json
  nativejwt check-rules etc/claim-rules.json --cases etc/claim-rules.cases.json"
)]
pub(crate) struct Arguments {
    /// A JSON array of claims with the decisions that are expected
    #[arg(long, value_name = "CASES")]
    cases: Option<PathBuf>,

    /// The time of the decision: RFC 3339 or Unix seconds; by default now
    #[arg(long, value_name = "TIME", allow_hyphen_values = true, value_parser = parse_time, conflicts_with = "cases")]
    at: Option<UnixMillis>,

    /// The file that claim-rules.file names
    #[arg(value_name = "FILE")]
    file: PathBuf,
}

/// The most bytes of claims that are read: more than any token that is accepted.
const MAX_CLAIMS_BYTES: u64 = 1024 * 1024;

pub(super) fn run(arguments: &Arguments, json: bool, out: &mut dyn Write) -> Result<Outcome, Failure> {
    let rules = claim_rules::read(&arguments.file)?;
    let warnings: Vec<String> = rules.warnings().into_iter().map(|warning| warning.message).collect();
    if let Some(cases) = &arguments.cases {
        write_warnings(&warnings, json, out)?;
        return run_cases(&rules, cases, json, out);
    }
    let mut claims = Vec::new();
    let input = io::stdin().lock();
    // Nobody who checks a file alone should have to end the input.
    if !input.is_terminal() {
        let mut input = input.take(MAX_CLAIMS_BYTES);
        input.read_to_end(&mut claims).map_err(|error| Failure::at("standard input", error))?;
    }
    if claims.trim_ascii().is_empty() {
        write_warnings(&warnings, json, out)?;
        if !json {
            writeln!(
                out,
                "{}: valid, warnings: {}; no claims on standard input",
                arguments.file.display(),
                warnings.len()
            )?;
        }
        return Ok(Outcome::Accepted);
    }
    let (explained, decision) = rules.try_claims(&claims, arguments.at.unwrap_or_else(UnixMillis::now), 0);
    if json {
        let object = match &decision {
            Ok(granted) => JsonObject::new()
                .boolean("accepted", true)
                .maybe_number("rule", granted.rule)
                .maybe_text("user", granted.user.as_ref().map(|granted| &*granted.user))
                .raw("groups", &granted.groups.as_ref().map_or_else(|| "null".to_owned(), |groups| json_texts(groups))),
            Err(reject) => with_reject(JsonObject::new().boolean("accepted", false), "reason", reject),
        };
        writeln!(out, "{}", object.raw("rules", &claim_rules::json(&explained)).texts("warnings", &warnings).finish())?;
    } else {
        write_warnings(&warnings, json, out)?;
        match &decision {
            // No rule was tried.
            Err(reject) if explained.is_empty() && !is_of_rules(reject) => {
                writeln!(out, "standard input is not the claims of a token; to try a token, use check-token")?;
            }
            _ => {
                for line in claim_rule_lines(&explained) {
                    writeln!(out, "{line}")?;
                }
            }
        }
        writeln!(out, "\n{}", in_words(&decision))?;
    }
    Ok(if decision.is_ok() { Outcome::Accepted } else { Outcome::Rejected })
}

/// True if the rules rejected the claims. Otherwise the claims could not be read, or gave no user.
fn is_of_rules(reject: &Rejection) -> bool {
    matches!(reject.code(), Reason::DeniedByRule | Reason::NoRuleMatches)
}

fn json_texts(texts: &[String]) -> String {
    serde_json::to_string(texts).unwrap_or_default()
}

fn write_warnings(warnings: &[String], json: bool, out: &mut dyn Write) -> Result<(), Failure> {
    for warning in warnings {
        match json {
            true => writeln!(out, "{}", JsonObject::new().text("warning", warning).finish())?,
            false => writeln!(out, "WARN: {warning}")?,
        }
    }
    Ok(())
}

fn in_words(decision: &Result<Granted, Rejection>) -> String {
    match decision {
        Ok(granted) => {
            let user = match &granted.user {
                Some(granted) => format!("user {}", quoted(&granted.user)),
                None => "the user of principal-field".to_owned(),
            };
            let groups = match &granted.groups {
                Some(groups) => {
                    let shown: Vec<String> = groups.iter().map(|group| format!("'{}'", quoted(group))).collect();
                    format!("groups [{}]", shown.join(", "))
                }
                None => "the groups of groups-field".to_owned(),
            };
            format!("accepted: {user}, {groups}")
        }
        Err(reject) => format!("rejected: {} ({}): {reject}", reject.code(), reject.code().number()),
    }
}

/// Claims, and the decision that is expected.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Case<'t> {
    name: String,
    /// As the file has them, so that they are read as strictly as those of a token.
    #[serde(borrow)]
    claims: &'t RawValue,
    at: Option<serde_json::Value>,
    allow: bool,
    rule: Option<usize>,
    user: Option<String>,
    groups: Option<Vec<String>>,
    message: Option<String>,
}

fn run_cases(rules: &ClaimRules, file: &Path, json: bool, out: &mut dyn Write) -> Result<Outcome, Failure> {
    let text = fs::read_to_string(file).map_err(|error| Failure::at(file.display(), error))?;
    let cases: Vec<Case<'_>> = serde_json::from_str(&text)
        .map_err(|error| Failure::at(format!("{}:{}", file.display(), error.line()), error))?;
    if cases.is_empty() {
        return Err(Failure::at(file.display(), "contains no case"));
    }
    let mut failed = 0;
    for case in &cases {
        let differs = case.differs(rules).map_err(|what| Failure::at(file.display(), what))?;
        failed += usize::from(differs.is_some());
        match (json, differs) {
            (true, differs) => {
                let object = JsonObject::new().text("name", &case.name).boolean("passed", differs.is_none());
                writeln!(out, "{}", object.maybe_text("why", differs.as_deref()).finish())?;
            }
            (false, None) => writeln!(out, "ok      {}", quoted(&case.name))?,
            (false, Some(why)) => writeln!(out, "FAILED  {}: {why}", quoted(&case.name))?,
        }
    }
    if !json {
        writeln!(out, "{} passed, {failed} failed", cases.len() - failed)?;
    }
    Ok(if failed == 0 { Outcome::Accepted } else { Outcome::Rejected })
}

fn sorted(groups: Option<&[String]>) -> Option<Vec<&String>> {
    let mut groups: Vec<&String> = groups?.iter().collect();
    groups.sort_unstable();
    Some(groups)
}

impl Case<'_> {
    /// What the case expects, in words.
    fn expectation(&self) -> String {
        let mut parts = vec![if self.allow { "accepted" } else { "rejected" }.to_owned()];
        parts.extend(self.rule.map(|rule| format!("by rule {rule}")));
        parts.extend(self.user.as_ref().map(|user| format!("user {}", quoted(user))));
        parts.extend(self.groups.as_ref().map(|groups| format!("groups {groups:?}")));
        parts.extend(self.message.as_ref().map(|message| format!("message '{}'", quoted(message))));
        parts.join(", ")
    }

    /// What differs from the expectation; `None` if nothing does.
    ///
    /// # Errors
    /// `at` is not a time, or the case has members that contradict each other.
    fn differs(&self, rules: &ClaimRules) -> Result<Option<String>, String> {
        let now = match &self.at {
            None => UnixMillis::now(),
            Some(at) => {
                let text = at.as_str().map_or_else(|| at.to_string(), str::to_owned);
                parse_time(&text).map_err(|what| format!("the case '{}': at {what}", quoted(&self.name)))?
            }
        };
        if !self.allow && (self.user.is_some() || self.groups.is_some()) {
            return Err(format!("the case '{}': user and groups need \"allow\": true", quoted(&self.name)));
        }
        if self.allow && self.message.is_some() {
            return Err(format!("the case '{}': message needs \"allow\": false", quoted(&self.name)));
        }
        let (explained, decision) = rules.try_claims(self.claims.get().as_bytes(), now, 0);
        let decided_by = explained.last().filter(|rule| rule.matches()).map(|rule| rule.number);
        let found = match decided_by {
            Some(rule) => format!("rule {rule}: {}", in_words(&decision)),
            None => format!("no rule: {}", in_words(&decision)),
        };
        let expected = self.expectation();
        let fits = self.rule.is_none_or(|rule| decided_by == Some(rule))
            && match &decision {
                Ok(granted) => {
                    let user = granted.user.as_ref().map(|granted| &granted.user);
                    self.allow
                        && (self.user.is_none() || user == self.user.as_ref())
                        && (self.groups.is_none()
                            || sorted(granted.groups.as_deref()) == sorted(self.groups.as_deref()))
                }
                // Claims that no rule was asked about would pass as rejected by the rules.
                Err(reject) => {
                    !self.allow
                        && match &self.message {
                            Some(message) => reject.message() == message,
                            None => is_of_rules(reject),
                        }
                }
            };
        Ok((!fits).then(|| format!("expected {expected}, but {found}")))
    }
}
