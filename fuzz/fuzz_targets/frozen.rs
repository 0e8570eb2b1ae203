#![no_main]

#[path = "../../crates/document/tests/support/exercise.rs"]
mod exercise;

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| exercise::frozen(bytes));
