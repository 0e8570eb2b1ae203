//! What the engine asks of the scope it runs in: the time, and events on their way to the page.

use headlight_document::message::Event;
use js_sys::{Array, Float32Array, Object, Promise, Reflect};
use wasm_bindgen::prelude::*;
use wasm_bindgen_futures::JsFuture;
use web_sys::DedicatedWorkerGlobalScope;

pub fn scope() -> DedicatedWorkerGlobalScope {
    js_sys::global().unchecked_into()
}

/// Milliseconds since the worker began.
pub fn now() -> f64 {
    scope().performance().map_or(0.0, |performance| performance.now())
}

/// Lets that many milliseconds pass, and messages in.
pub async fn sleep(milliseconds: u32) {
    let promise = Promise::new(&mut |resolve, _| {
        // Nothing that a timer is given here makes it fail.
        let _ = scope().set_timeout_with_callback_and_timeout_and_arguments_0(&resolve, milliseconds as i32);
    });
    let _ = JsFuture::from(promise).await;
}

/// Sends an event. The attention values in it are taken out and transferred.
pub fn send(mut event: Event) {
    let (arrays, buffers) = (Array::new(), Array::new());
    let transfer = |values: Vec<f32>| {
        let array = Float32Array::from(values.as_slice());
        buffers.push(&array.buffer());
        arrays.push(&array);
    };
    match &mut event {
        Event::Explained { explanation, .. } => {
            for attention in &mut explanation.attention {
                let overview = attention.overview.as_mut().map(|overview| std::mem::take(&mut overview.values));
                transfer(attention.values.take().or(overview).unwrap_or_default());
            }
        }
        Event::Looked { seen, .. } => seen.iter_mut().for_each(|seen| transfer(std::mem::take(&mut seen.values))),
        Event::Neurons { neurons: Some(neurons), .. } => {
            for values in [&mut neurons.query_values, &mut neurons.key_values, &mut neurons.scores] {
                transfer(std::mem::take(values));
            }
        }
        _ => {}
    }
    let Ok(json) = serde_json::to_string(&event) else { return };
    let message = Object::new();
    // Setting a property of a fresh plain object cannot fail.
    let _ = Reflect::set(&message, &"json".into(), &json.into());
    let _ = Reflect::set(&message, &"arrays".into(), &arrays);
    let _ = scope().post_message_with_transfer(&message, &buffers);
}
