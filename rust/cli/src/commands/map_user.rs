// SPDX-License-Identifier: Apache-2.0
//! `map-user`: maps principals to users.

use std::io::Write;
use std::path::PathBuf;

use nativejwt_core::{ConfigurationErrors, Problem, Reason, UserMapping, quoted, unusable_principal};

use crate::failure::{Failure, Outcome, with_reject};
use crate::hint::{general, no_match};
use crate::json::JsonObject;

/// Map principals to Trino users
///
/// Prints the user of each principal, in order. The exit code is 1 if any principal is rejected. Without --json, the
/// output also has the rule that matched, and the result of its replacement before white space was trimmed and case
/// was changed.
///
/// Only the mapping is applied. A coordinator rejects a principal with a control character, or with a blank at an end,
/// before the mapping: for such a principal there is a warning.
#[derive(clap::Args)]
#[command(
    verbatim_doc_comment,
    after_help = "\
Examples:
  nativejwt map-user --pattern '(.*)@corp\\.example' alice@corp.example bob@elsewhere
  nativejwt map-user --file etc/user-mapping.json -- alice@example.com"
)]
pub(crate) struct Arguments {
    /// A pattern, as in user-mapping.pattern; the user is its first group
    #[arg(
        long,
        value_name = "P",
        allow_hyphen_values = true,
        required_unless_present = "file",
        conflicts_with = "file"
    )]
    pattern: Option<String>,

    /// A rule file, as in user-mapping.file
    #[arg(long, value_name = "F")]
    file: Option<PathBuf>,

    /// The principals, as they are in tokens
    #[arg(value_name = "PRINCIPAL", required = true)]
    principals: Vec<String>,
}

pub(super) fn run(arguments: &Arguments, json: bool, out: &mut dyn Write) -> Result<Outcome, Failure> {
    let mapping = match (&arguments.pattern, &arguments.file) {
        (Some(pattern), _) => {
            UserMapping::from_pattern(pattern).map_err(|why| Failure::Message(format!("--pattern {why}")))?
        }
        (None, Some(file)) => UserMapping::from_file(file).map_err(|problems| {
            let mut errors = ConfigurationErrors::default();
            for problem in problems {
                errors.push(Problem::for_line(&file.display().to_string(), problem.line, problem.message));
            }
            errors
        })?,
        (None, None) => return Err(Failure::Message("give --pattern or --file".to_owned())),
    };
    let mut outcome = Outcome::Accepted;
    for principal in &arguments.principals {
        let mapped = mapping.explain(principal);
        let warning = unusable_principal(principal)
            .map(|what| format!("a coordinator rejects this principal before the mapping: it {what}"));
        if json {
            let object = JsonObject::new().text("principal", principal);
            let object = match &mapped {
                Ok(mapped) => object.text("user", &mapped.user),
                Err(reject) => with_reject(object, "rejected", reject),
            };
            let object = match &warning {
                Some(warning) => object.text("warning", warning),
                None => object,
            };
            writeln!(out, "{}", object.finish())?;
        } else {
            writeln!(out, "{}", quoted(principal))?;
            if let Some(warning) = warning {
                writeln!(out, "  warning: {warning}")?;
            }
            match &mapped {
                Ok(mapped) => {
                    writeln!(out, "  rule {} matches and returns '{}'", mapped.rule, quoted(&mapped.replaced))?;
                    writeln!(out, "  user {}", quoted(&mapped.user))?;
                }
                Err(reject) => {
                    if let Some(rule) = mapping.deciding_rule(principal) {
                        writeln!(out, "  rule {rule} decides")?;
                    }
                    writeln!(out, "  rejected: {} ({}): {reject}", reject.code(), reject.code().number())?;
                    let hint = match reject.code() {
                        // The general hint for this reason refers to this command.
                        Reason::NoMappingMatches => no_match(&mapping, arguments.pattern.as_deref(), principal),
                        code => Some(general(code).to_owned()),
                    };
                    if let Some(hint) = hint {
                        writeln!(out, "  hint: {hint}")?;
                    }
                }
            }
        }
        if mapped.is_err() {
            outcome = Outcome::Rejected;
        }
    }
    Ok(outcome)
}
