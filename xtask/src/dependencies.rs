//! What Headlight is built from: licences, sources and known faults, by `cargo deny` (`deny.toml`) and `npm audit`.
//!
//! Licences and sources are checked wherever the crates are. Known faults are in databases on the network, and not every
//! network leads there: where one can't be reached that is said, and it is no fault of what was built.

use std::path::Path;
use std::process::{Command, Stdio};
use std::time::Duration;

use serde_json::Value;

use crate::error::{Error, Result};
use crate::paths::Paths;
use crate::{process, say, system, tools};

/// The longest that is waited for a database.
const PATIENCE: Duration = Duration::from_secs(60);

/// Checks all of it.
///
/// # Errors
/// When a licence or a source is not allowed, or a dependency has a known fault.
pub fn check(paths: &Paths) -> Result<()> {
    let tool = tools::ensure_cargo_deny(paths)?;
    let deny = |arguments: &[&str]| {
        let mut command = Command::new(&tool);
        command.current_dir(&paths.root).args(["--log-level", "error"]).args(arguments);
        command
    };
    process::run(&mut deny(&["check", "licenses", "bans", "sources"]))?;
    let mut fetch = deny(&["fetch", "db"]);
    match process::run_within(fetch.stdout(Stdio::null()).stderr(Stdio::null()), PATIENCE) {
        Ok(()) => process::run(&mut deny(&["--offline", "check", "advisories"]))?,
        Err(error) => {
            say::note(&format!(
                "Known faults of crates were NOT asked for, as their database can't be reached: {error}"
            ));
        }
    }
    system::ensure_node()?;
    audit(&paths.end_to_end())
}

fn audit(folder: &Path) -> Result<()> {
    let mut npm = Command::new("npm");
    npm.args(["audit", "--json", "--fetch-retries=0", "--fetch-timeout=30000"]).current_dir(folder);
    let output = npm.stdin(Stdio::null()).stderr(Stdio::null()).output();
    let output = output.map_err(|error| Error::missing("npm", format!("it could not be started ({error}).")))?;
    match read_audit(&String::from_utf8_lossy(&output.stdout)) {
        Some(0) => say::note("npm audit knows no fault of the browser tests' packages."),
        Some(count) => {
            let fix = "run `npm audit` in tests/e2e to see which, and take newer ones.";
            return Err(Error::Check(format!("Packages of the browser tests have {count} known faults; {fix}")));
        }
        None => say::note("Known faults of npm packages were NOT asked for: npm’s registry does not answer that here."),
    }
    Ok(())
}

/// How many faults npm's report names; none where it is no report.
fn read_audit(report: &str) -> Option<u64> {
    let report: Value = serde_json::from_str(report).ok()?;
    report.get("metadata")?.get("vulnerabilities")?.get("total")?.as_u64()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn faults_are_counted_and_silence_is_no_verdict() {
        let report = |total: u64| {
            format!(
                r#"{{"auditReportVersion":2,"vulnerabilities":{{}},"metadata":{{"vulnerabilities":{{"total":{total}}}}}}}"#
            )
        };
        assert_eq!(read_audit(&report(0)), Some(0));
        assert_eq!(read_audit(&report(3)), Some(3));
        assert_eq!(read_audit(r#"{"message":"405 Method Not Allowed","error":{"summary":""}}"#), None);
        assert_eq!(read_audit(""), None);
    }
}
