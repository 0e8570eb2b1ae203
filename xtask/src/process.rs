//! Running other programs, and finding them.

use std::env;
use std::ffi::OsStr;
use std::io::{BufRead, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Command, ExitStatus, Stdio};
use std::thread;
use std::time::{Duration, Instant};

use crate::error::{Error, Result};
use crate::say;

/// Runs a command with its output shown.
///
/// # Errors
/// When it can't be started or ends with an error.
pub fn run(command: &mut Command) -> Result<()> {
    let status = command.status().map_err(|error| not_started(command, &error))?;
    expect_success(command, status)
}

/// Runs a command and returns what it printed on standard output, without surrounding white space.
///
/// # Errors
/// When it can't be started or ends with an error.
pub fn output(command: &mut Command) -> Result<String> {
    let output = command.stderr(Stdio::inherit()).output().map_err(|error| not_started(command, &error))?;
    expect_success(command, output.status)?;
    Ok(String::from_utf8_lossy(&output.stdout).trim().to_owned())
}

/// Runs a command and returns what it printed on standard output, which is shown line by line meanwhile.
///
/// # Errors
/// When it can't be started or ends with an error.
pub fn output_shown(command: &mut Command) -> Result<String> {
    let mut child = command.stdout(Stdio::piped()).spawn().map_err(|error| not_started(command, &error))?;
    let mut all = String::new();
    if let Some(stdout) = child.stdout.take() {
        for line in BufReader::new(stdout).split(b'\n').map_while(std::result::Result::ok) {
            let line = String::from_utf8_lossy(&line).into_owned();
            say::line(&line);
            all.push_str(&line);
            all.push('\n');
        }
    }
    let status = child.wait().map_err(|error| not_started(command, &error))?;
    expect_success(command, status)?;
    Ok(all)
}

/// Runs a command without showing its output; whether it succeeded.
pub fn succeeds(command: &mut Command) -> bool {
    command
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .status()
        .is_ok_and(|status| status.success())
}

/// Runs a command with its output shown, and ends it when it takes longer than `limit`.
///
/// # Errors
/// When it can't be started, ends with an error or takes too long.
pub fn run_within(command: &mut Command, limit: Duration) -> Result<()> {
    let mut child = command.stdin(Stdio::null()).spawn().map_err(|error| not_started(command, &error))?;
    let start = Instant::now();
    loop {
        match child.try_wait() {
            Ok(Some(status)) => return expect_success(command, status),
            Ok(None) if start.elapsed() < limit => thread::sleep(Duration::from_millis(100)),
            Ok(None) => {
                // It may have ended by itself meanwhile; either way it is reaped.
                let _ = child.kill();
                let _ = child.wait();
                let how = format!("was ended after {} seconds without an answer", limit.as_secs());
                return Err(Error::Command { command: describe(command), how });
            }
            Err(error) => return Err(not_started(command, &error)),
        }
    }
}

/// The first program of that name on `PATH`.
#[must_use]
pub fn which(program: &str) -> Option<PathBuf> {
    env::split_paths(&env::var_os("PATH")?).map(|folder| folder.join(program)).find(|path| path.is_file())
}

/// `PATH` with `folders` in front.
#[must_use]
pub fn path_with(folders: &[PathBuf]) -> std::ffi::OsString {
    let old = env::var_os("PATH").unwrap_or_default();
    let all = folders.iter().cloned().chain(env::split_paths(&old));
    env::join_paths(all).unwrap_or(old)
}

/// A command line for people, shortened.
#[must_use]
pub fn describe(command: &Command) -> String {
    let program = Path::new(command.get_program()).file_name().unwrap_or(OsStr::new("?")).to_string_lossy();
    let mut text = program.into_owned();
    for argument in command.get_args() {
        text.push(' ');
        text.push_str(&argument.to_string_lossy());
    }
    if text.chars().count() > 160 { text.chars().take(157).chain("...".chars()).collect() } else { text }
}

fn not_started(command: &Command, error: &std::io::Error) -> Error {
    Error::Command { command: describe(command), how: format!("could not be started: {error}") }
}

fn expect_success(command: &Command, status: ExitStatus) -> Result<()> {
    if status.success() {
        return Ok(());
    }
    let how =
        status.code().map_or_else(|| "was ended by a signal".to_owned(), |code| format!("ended with exit code {code}"));
    Err(Error::Command { command: describe(command), how })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_command_that_hangs_is_ended() {
        let start = Instant::now();
        let result = run_within(Command::new("sleep").arg("30"), Duration::from_millis(300));
        assert!(matches!(result, Err(Error::Command { .. })));
        assert!(start.elapsed() < Duration::from_secs(10));
    }

    #[test]
    fn an_exit_code_is_named() {
        let error = run(Command::new("sh").args(["-c", "exit 3"])).unwrap_err();
        assert_eq!(error.to_string(), "`sh -c exit 3` ended with exit code 3.");
    }
}
