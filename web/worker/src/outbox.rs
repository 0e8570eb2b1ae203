//! Events on their way to the page.

use headlight_document::message::Event;
use js_sys::{Array, Float32Array, Object, Reflect};
use wasm_bindgen::prelude::*;
use web_sys::DedicatedWorkerGlobalScope;

pub fn scope() -> DedicatedWorkerGlobalScope {
    js_sys::global().unchecked_into()
}

/// Milliseconds since the worker began.
pub fn now() -> f64 {
    scope().performance().map_or(0.0, |performance| performance.now())
}

/// Sends an event. The attention values of an explanation are taken out of it and transferred.
pub fn send(mut event: Event) {
    let (arrays, buffers) = (Array::new(), Array::new());
    if let Event::Explained { explanation, .. } = &mut event {
        for values in explanation.attention.iter_mut().filter_map(|attention| attention.values.take()) {
            let array = Float32Array::from(values.as_slice());
            buffers.push(&array.buffer());
            arrays.push(&array);
        }
    }
    let Ok(json) = serde_json::to_string(&event) else { return };
    let message = Object::new();
    // Setting a property of a fresh plain object cannot fail.
    let _ = Reflect::set(&message, &"json".into(), &json.into());
    let _ = Reflect::set(&message, &"arrays".into(), &arrays);
    let _ = scope().post_message_with_transfer(&message, &buffers);
}
