//! `headlight`: the page's engine on the command line, printing the same documents.

mod arguments;
mod bar;
mod batch;
mod bench;
mod device;
mod error;
mod explain;
mod find;
mod format;
mod generate;
mod hub;
mod models;

use std::io::Write;
use std::process::ExitCode;

use clap::Parser;

use crate::arguments::{Arguments, Command};

fn main() -> ExitCode {
    let result = match Arguments::parse().command {
        Command::Explain(arguments) => explain::explain(&arguments),
        Command::Generate(arguments) => generate::run(&arguments),
        Command::Batch(arguments) => batch::batch(&arguments),
        Command::Bench(arguments) => bench::bench(&arguments),
        Command::Models { action } => models::models(action.unwrap_or_default()),
    };
    let written = result.and_then(|text| {
        let mut out = std::io::stdout().lock();
        match out.write_all(text.as_bytes()).and_then(|()| out.flush()) {
            // The reader of a pipe may stop reading, as `head` does.
            Err(error) if error.kind() != std::io::ErrorKind::BrokenPipe => Err(error::Error::Output(error)),
            _ => Ok(()),
        }
    });
    match written {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            // Where standard error is gone too, the exit code still tells.
            let _ = writeln!(std::io::stderr(), "headlight: {error}");
            ExitCode::FAILURE
        }
    }
}
