//! `cargo xtask study`: the tables of the docs, made anew by the command line itself.

mod heads;
mod methods;

use std::env;
use std::fs;
use std::path::Path;
use std::process::Command;

use crate::error::{Error, Result};
use crate::paths::Paths;

/// Makes a study's tables.
///
/// # Errors
/// When there is no such study, something is missing and can't be set up, or a command fails.
pub fn run(paths: &Paths, arguments: &[&str]) -> Result<()> {
    let usage =
        || Error::Usage("There are `cargo xtask study methods [--count N]` and `cargo xtask study heads`.".to_owned());
    match arguments {
        ["methods"] => methods::run(paths, 200),
        ["methods", "--count", count] => methods::run(paths, count.parse().map_err(|_| usage())?),
        ["heads"] => heads::run(paths),
        _ => Err(usage()),
    }
}

fn cargo(paths: &Paths, arguments: &[&str]) -> Command {
    let mut cargo = Command::new(env::var_os("CARGO").unwrap_or_else(|| "cargo".into()));
    cargo.current_dir(&paths.root).env("HEADLIGHT_CACHE", &paths.cache).args(arguments);
    cargo
}

/// The command line, built first where it is not.
fn headlight(paths: &Paths) -> Command {
    cargo(paths, &["run", "--release", "--quiet", "--package", "headlight-cli", "--no-default-features", "--"])
}

/// Puts a table in the place of the one that stands between the marks of a page.
fn put(page: &Path, study: &str, table: &str) -> Result<()> {
    let text = fs::read_to_string(page).map_err(Error::io("read", page))?;
    let missing = || Error::Usage(format!("{} has no place for the table {study}.", page.display()));
    let put = between(&text, study, table).ok_or_else(missing)?;
    fs::write(page, put).map_err(Error::io("write", page))
}

fn between(text: &str, study: &str, table: &str) -> Option<String> {
    let begin = format!("<!-- table: cargo xtask study {study} -->\n");
    let end = "<!-- end of the table -->";
    let (before, rest) = text.split_once(&begin)?;
    let (_, after) = rest.split_once(end)?;
    Some(format!("{before}{begin}\n{}\n\n{end}{after}", table.trim()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_table_takes_the_place_of_the_last_one() {
        let page = |table: &str| {
            format!("# A\n\n<!-- table: cargo xtask study b -->\n{table}<!-- end of the table -->\n\nAfter.\n")
        };
        let once = between(&page("old\n"), "b", "| new |\n").unwrap();
        assert_eq!(once, page("\n| new |\n\n"));
        assert_eq!(between(&once, "b", "| new |").unwrap(), once);
        assert_eq!(between(&once, "c", "| new |"), None);
    }
}
