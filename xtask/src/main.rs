//! `cargo xtask`: every command a person needs.

#![allow(clippy::print_stderr, reason = "a command line tool says on standard error what went wrong")]

use std::process::ExitCode;

use xtask::{Error, Paths, Result, models};

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    match run(&arguments) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("error: {error}");
            ExitCode::FAILURE
        }
    }
}

fn run(arguments: &[String]) -> Result<()> {
    let Some((command, rest)) = arguments.split_first() else {
        return Err(Error::Usage("Name a command: models.".to_owned()));
    };
    let paths = Paths::find()?;
    match command.as_str() {
        "models" => models::fetch(&paths, rest),
        other => Err(Error::Usage(format!("There is no command {other:?}."))),
    }
}
