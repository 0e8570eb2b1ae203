//! The worker that hosts the engine in the browser: it owns the device, fetches and caches models, and answers the
//! page's commands. `boot.js` beside this crate starts it.

#![cfg(target_arch = "wasm32")]

mod cache;
mod download;
mod exponential;
mod folder;
mod host;
mod named;
mod network;
mod open;
mod outbox;
mod own;
mod records;
mod reporter;
mod sources;

use wasm_bindgen::prelude::*;

unsafe extern "C" {
    fn __wasm_call_ctors();
}

/// Runs the module's constructors, once.
///
/// cubecl registers its operations through constructors. Left alone, the linker would wrap every export in a call to all
/// of them, so that each small call from JavaScript would run them again; naming the function here makes that ours to
/// do. `cargo xtask build` checks that no export is wrapped.
#[wasm_bindgen(start)]
pub fn start() {
    console_error_panic_hook::set_once();
    // SAFETY: the linker provides the function, and nothing else calls it.
    unsafe { __wasm_call_ctors() }
}

/// Takes a command of the page, as JSON (`headlight_document::message::Command`), and the files that travel beside it.
#[wasm_bindgen]
pub fn receive(json: &str, files: &js_sys::Array) {
    host::receive(json, files);
}

/// Runs the self-test's tiny models on the chosen device and gives back all their numbers as JSON, for tests.
#[wasm_bindgen]
pub async fn probe() -> Result<String, JsError> {
    host::probe().await.map_err(|error| JsError::new(&error.to_string()))
}

/// Times the loaded model (`headlight_engine::bench`): milliseconds of each run, the first of which includes what the
/// device compiles once. For the bench.
#[wasm_bindgen]
pub async fn bench(tokens: usize, runs: usize, backward: bool) -> Result<Vec<f64>, JsError> {
    host::bench(tokens, runs, backward).await.map_err(|error| JsError::new(&error.to_string()))
}
