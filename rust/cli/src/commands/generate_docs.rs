// SPDX-License-Identifier: Apache-2.0
//! `generate-docs`: writes man pages and completions from the definitions of the arguments. It is for building releases, so
//! it is hidden: man pages and completions do not list it.

use std::fs;
use std::path::PathBuf;

use clap::{Arg, ArgMatches, Command, CommandFactory as _, value_parser};
use clap_complete::Shell;

use super::Cli;
use crate::failure::{Failure, Outcome};

pub(super) const NAME: &str = "generate-docs";
const FOLDER: &str = "DIR";

/// The call's arguments.
pub(super) fn command() -> Command {
    Command::new(NAME).about("Write man pages and shell completions").hide(true).arg(
        Arg::new(FOLDER).required(true).value_parser(value_parser!(PathBuf)).help("Folder for man/ and completions/"),
    )
}

pub(super) fn run(arguments: &ArgMatches) -> Result<Outcome, Failure> {
    let Some(folder) = arguments.get_one::<PathBuf>(FOLDER) else {
        return Err(Failure::Message("give a folder".to_owned()));
    };
    let man = folder.join("man");
    let completions = folder.join("completions");
    for folder in [&man, &completions] {
        fs::create_dir_all(folder)
            .map_err(|error| Failure::at(folder.display(), format!("cannot be created: {error}")))?;
    }
    let failed = |error| Failure::at(folder.display(), format!("cannot be written to: {error}"));
    clap_mangen::generate_to(Cli::command(), &man).map_err(failed)?;
    for page in fs::read_dir(&man).map_err(failed)? {
        let page = page.map_err(failed)?.path();
        let text = fs::read_to_string(&page).map_err(failed)?;
        fs::write(&page, with_examples(&text)).map_err(failed)?;
    }
    for shell in [Shell::Bash, Shell::Zsh, Shell::Fish] {
        clap_complete::generate_to(shell, &mut Cli::command(), "nativejwt", &completions).map_err(failed)?;
    }
    Ok(Outcome::Accepted)
}

/// `clap_mangen` puts `after_help` into a section EXTRA and reflows it. Ours has examples, which keep their lines.
fn with_examples(page: &str) -> String {
    let Some((before, extra)) = page.split_once(".SH EXTRA\n") else { return page.to_owned() };
    let (examples, after) = extra
        .split_once("\n.SH ")
        .map_or((extra, String::new()), |(examples, after)| (examples, format!(".SH {after}")));
    let examples = examples.split_once(":\n").map_or(examples, |(_, examples)| examples).trim_end();
    format!("{before}.SH EXAMPLES\n.nf\n{examples}\n.fi\n{after}")
}
