//! The worker that hosts the engine in the browser.

use wasm_bindgen::prelude::*;

unsafe extern "C" {
    fn __wasm_call_ctors();
}

/// Runs the constructors once, by hand: see the crate's notes.
#[wasm_bindgen(start)]
pub fn start() {
    // SAFETY: the linker provides the function, and nothing else calls it.
    unsafe { __wasm_call_ctors() }
    let _ = burn::tensor::Device::flex();
}
