//! `generate-docs`: writes the manual and the completions, from the arguments' own definitions.

use std::fs;
use std::path::PathBuf;

use clap::CommandFactory as _;
use clap_complete::Shell;

use super::Cli;
use crate::failure::{Failure, Outcome};

/// Write man pages and shell completions
#[derive(clap::Args)]
pub(crate) struct Arguments {
    /// Folder for man/ and completions/
    #[arg(value_name = "DIR")]
    folder: PathBuf,
}

pub(super) fn run(arguments: &Arguments) -> Result<Outcome, Failure> {
    let man = arguments.folder.join("man");
    let completions = arguments.folder.join("completions");
    for folder in [&man, &completions] {
        fs::create_dir_all(folder)
            .map_err(|error| Failure::at(folder.display(), format!("cannot be made: {error}")))?;
    }
    let failed = |error| Failure::at(arguments.folder.display(), format!("cannot be written to: {error}"));
    clap_mangen::generate_to(Cli::command(), &man).map_err(failed)?;
    for shell in [Shell::Bash, Shell::Zsh, Shell::Fish] {
        clap_complete::generate_to(shell, &mut Cli::command(), "nativejwt", &completions).map_err(failed)?;
    }
    Ok(Outcome::Accepted)
}
