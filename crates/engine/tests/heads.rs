//! Figures of heads on the registered models, against transformers with plain hooks in double precision
//! (`tests/golden/heads`).

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::print_stdout,
    dead_code,
    reason = "a test fails by panicking and shows its worst error; not each file uses all that tests share"
)]

mod common;
#[path = "../../explain/tests/heads/mod.rs"]
mod heads;

use common::open;

fn compare(model: &str, names: &[&str]) {
    let (opened, _) = open(model);
    names.iter().for_each(|name| heads::check(&format!("{model}/{name}"), opened.transformer(), 16));
}

#[test]
fn sentiment() {
    compare("sentiment", &["plain", "negation"]);
}

#[test]
fn smollm2() {
    compare("smollm2", &["drink", "france", "keys"]);
}
