//! A model with packed weights is the model with their numbers.

#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

mod support;

use pollster::block_on;
use support::off;

#[test]
fn packed_weights_give_what_plain_ones_do() {
    let off = block_on(off());
    assert!(off < 1e-6, "{off}");
}
