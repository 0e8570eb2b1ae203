//! A model with packed weights is the model with their numbers.

#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

mod support;

use pollster::block_on;
use support::{WAYS, off};

#[test]
fn packed_weights_give_what_plain_ones_do() {
    for way in WAYS {
        let off = block_on(off(way));
        assert!(off < 1e-6, "{way:?}: {off}");
    }
}
