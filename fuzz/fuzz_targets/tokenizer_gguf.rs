#![no_main]

#[path = "../../crates/text/tests/support/exercise.rs"]
mod exercise;

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| exercise::tokenizer_gguf(bytes));
