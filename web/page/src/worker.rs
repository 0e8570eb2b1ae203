//! The line to the worker that hosts the engine: one object `{ json, arrays, files }` each way.

use headlight_document::message::{Command, Event};
use js_sys::{Array, Float32Array, Object, Reflect};
use wasm_bindgen::closure::Closure;
use wasm_bindgen::{JsCast, JsValue};
use web_sys::{MessageEvent, Worker, WorkerOptions, WorkerType};

use crate::browser;
use crate::locale::{fill, say};

/// A running worker. It ends when this is dropped.
pub struct Line {
    worker: Worker,
    // The worker calls these for as long as it lives.
    _on_message: Closure<dyn FnMut(MessageEvent)>,
    _on_error: Closure<dyn FnMut(web_sys::Event)>,
    _on_unreadable: Closure<dyn FnMut(MessageEvent)>,
}

/// What comes over the line.
pub type Heard = Result<Event, String>;

impl Line {
    /// Starts a worker and hands everything it says to `hear`.
    pub fn open(hear: impl Fn(Heard) + Clone + 'static) -> Result<Self, String> {
        let fault = || say("app.no_engine").to_owned();
        let address = browser::meta("headlight-worker").ok_or_else(|| say(MISSING))?;
        let address = browser::beside(&address).ok_or_else(fault)?;
        let options = WorkerOptions::new();
        options.set_type(WorkerType::Module);
        let worker = Worker::new_with_options(&address, &options).map_err(|_| fault())?;

        let on_message = Closure::<dyn FnMut(_)>::new({
            let hear = hear.clone();
            move |event: MessageEvent| hear(read(&event.data()))
        });
        let on_error = Closure::<dyn FnMut(_)>::new({
            let hear = hear.clone();
            move |event: web_sys::Event| {
                // A script that can't be fetched gives an event without a message.
                let detail = Reflect::get(&event, &"message".into()).ok().and_then(|detail| detail.as_string());
                let detail = detail.unwrap_or_default();
                hear(Err(if detail.is_empty() {
                    say(MISSING).to_owned()
                } else {
                    let detail: String = detail.chars().take(200).collect();
                    fill("app.engine_broke", &[&detail])
                }));
            }
        });
        let on_unreadable = Closure::<dyn FnMut(_)>::new(move |_: MessageEvent| hear(Err(say(UNREADABLE).to_owned())));
        worker.set_onmessage(Some(on_message.as_ref().unchecked_ref()));
        worker.set_onerror(Some(on_error.as_ref().unchecked_ref()));
        worker.set_onmessageerror(Some(on_unreadable.as_ref().unchecked_ref()));
        Ok(Self { worker, _on_message: on_message, _on_error: on_error, _on_unreadable: on_unreadable })
    }

    /// Sends a command, and beside it a person's own files (`File`) where its source names some.
    pub fn post(&self, command: &Command, files: &Array) -> Result<(), String> {
        let fault = |_| say("app.unreachable").to_owned();
        let json = headlight_document::json::text(command).map_err(|error| error.to_string())?;
        let message = Object::new();
        Reflect::set(&message, &"json".into(), &json.into()).map_err(fault)?;
        Reflect::set(&message, &"arrays".into(), &Array::new()).map_err(fault)?;
        Reflect::set(&message, &"files".into(), files).map_err(fault)?;
        self.worker.post_message(&message).map_err(fault)
    }
}

impl Drop for Line {
    fn drop(&mut self) {
        self.worker.set_onmessage(None);
        self.worker.set_onerror(None);
        self.worker.set_onmessageerror(None);
        self.worker.terminate();
    }
}

// The engine's address is that of one build: where the site was replaced since the page was opened, it is gone.
const MISSING: &str = "app.missing";
const UNREADABLE: &str = "app.unreadable";

// Puts a message together again: the attention's values travel beside the JSON.
fn read(data: &JsValue) -> Heard {
    let json =
        Reflect::get(data, &"json".into()).ok().and_then(|json| json.as_string()).ok_or_else(|| say(UNREADABLE))?;
    let mut event: Event = serde_json::from_str(&json).map_err(|_| say(UNREADABLE))?;
    let arrays = Reflect::get(data, &"arrays".into()).unwrap_or(JsValue::UNDEFINED);
    let arrays = if Array::is_array(&arrays) { Array::from(&arrays) } else { Array::new() };
    let values = |at: usize| arrays.get(at as u32).dyn_into::<Float32Array>().ok().map(|values| values.to_vec());
    match &mut event {
        Event::Explained { explanation, .. } => {
            for (at, attention) in explanation.attention.iter_mut().enumerate() {
                let Some(values) = values(at) else { continue };
                let (rows, columns) = match &attention.overview {
                    Some(overview) => (overview.rows, overview.columns),
                    None if values.is_empty() && attention.values.is_none() => continue,
                    None => (attention.rows, attention.columns),
                };
                if values.len() != attention.layers * attention.heads * rows * columns {
                    return Err(say(UNREADABLE).to_owned());
                }
                match &mut attention.overview {
                    Some(overview) => overview.values = values,
                    None => attention.values = Some(values),
                }
            }
        }
        Event::Looked { seen, .. } => {
            for (at, seen) in seen.iter_mut().enumerate() {
                seen.values = values(at).unwrap_or_default();
            }
        }
        Event::Neurons { neurons: Some(neurons), .. } => {
            let all = [&mut neurons.query_values, &mut neurons.key_values, &mut neurons.scores];
            for (at, into) in all.into_iter().enumerate() {
                *into = values(at).unwrap_or_default();
            }
            let (queries, keys, width) = (neurons.queries, neurons.keys, neurons.width);
            let sizes = [neurons.query_values.len(), neurons.key_values.len(), neurons.scores.len()];
            if sizes != [queries * width, keys * width, queries * keys] {
                return Err(say(UNREADABLE).to_owned());
            }
        }
        _ => {}
    }
    Ok(event)
}
