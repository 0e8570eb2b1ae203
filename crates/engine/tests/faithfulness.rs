//! Every measure of faithfulness on the registered models, against scikit-learn, SciPy, Captum and ferret's formulas
//! (`tests/golden/methods`).

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::print_stdout,
    dead_code,
    reason = "a test fails by panicking and shows its worst error; not each file uses all that tests share"
)]

mod common;
#[path = "../../explain/tests/faithfulness/mod.rs"]
mod faithfulness;
#[path = "../../explain/tests/methods/mod.rs"]
mod methods;

use headlight_models::{Batch, Input};

use common::open;
use methods::{golden, ids, target};

fn compare(model: &str, names: &[&str]) {
    let (opened, _) = open(model);
    for name in names {
        let golden = golden(&format!("{model}/{name}"));
        let batch = Batch::one(&ids(&golden["ids"]));
        let input = Input::embed(opened.transformer(), &batch, None);
        let target = target(&golden, batch.ids[0].len() - 1);
        faithfulness::check(opened.transformer(), &golden, &input, &target);
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
