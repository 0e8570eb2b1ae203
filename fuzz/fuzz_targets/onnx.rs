#![no_main]

#[path = "../../crates/weights/tests/support/exercise.rs"]
mod exercise;

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| exercise::onnx(bytes));
