//! Every method on the registered models, against Captum, SHAP and lime (`tests/golden/methods`).

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::print_stdout,
    dead_code,
    reason = "a test fails by panicking and shows its worst error; not each file uses all that tests share"
)]

mod common;
#[path = "../../explain/tests/methods/mod.rs"]
mod methods;

use headlight_models::{Batch, Input};

use common::open;
use methods::{check, golden, ids, target};

fn compare(model: &str, names: &[&str]) {
    let (model_, _) = open(model);
    for name in names {
        let golden = golden(&format!("{model}/{name}"));
        let batch = Batch::one(&ids(&golden["ids"]));
        let input = Input::embed(model_.transformer(), &batch, None);
        let target = target(&golden, batch.ids[0].len() - 1);
        check(model_.transformer(), &golden, &input, &target);
    }
}

#[test]
fn sentiment() {
    compare("sentiment", &["plain", "flat", "negation", "words", "foil", "long"]);
}

#[test]
fn rampart() {
    compare("rampart", &["plain", "phone", "address", "city", "email", "rose"]);
}

#[test]
fn smollm2() {
    compare("smollm2", &["france", "opposite", "names", "keys", "once", "words"]);
}
