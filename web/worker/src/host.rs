//! What the worker keeps between commands, and what it does with each.

use std::cell::RefCell;
use std::io::Read;
use std::rc::Rc;

use headlight_document::message::{Command, DeviceChoice, Event, Failure, RequestId};
use headlight_document::{FileRole, ModelEntry, Request};
use headlight_engine::bench::{Work, measure};
use headlight_engine::device::Adapter;
use headlight_engine::{Chosen, EngineError, Files, Model, answer, choose, probe};
use js_sys::{Promise, Reflect};
use serde_json::json;
use wasm_bindgen::prelude::*;
use wasm_bindgen_futures::{JsFuture, spawn_local};

use crate::cache::{Cache, Whole};
use crate::network::{self, Fetched, NetworkError, Tally};
use crate::outbox::{now, send};
use crate::reporter::Reporter;

#[wasm_bindgen]
extern "C" {
    /// What `boot.js` finds out about the graphics adapter.
    #[wasm_bindgen(js_name = headlightAdapter)]
    fn adapter() -> Promise;
}

#[derive(Default)]
struct State {
    chosen: Option<Chosen>,
    /// Behind `Rc` so that an answer can go on while the next command arrives.
    model: Option<Rc<Model>>,
    /// Requests that are being worked on.
    running: Vec<Reporter>,
}

thread_local! {
    static STATE: RefCell<State> = RefCell::default();
}

fn with<T>(of: impl FnOnce(&mut State) -> T) -> T {
    STATE.with(|state| of(&mut state.borrow_mut()))
}

/// Takes a command of the page.
pub fn receive(json: &str) {
    match serde_json::from_str(json) {
        Ok(Command::Start { device }) => spawn_local(start(device)),
        Ok(Command::Load { id, model, base }) => work(id, move |reporter| load(*model, base, reporter)),
        Ok(Command::Explain { id, request }) => work(id, move |reporter| explain(*request, reporter)),
        Ok(Command::Cancel { id }) => with(|state| {
            state.running.iter().filter(|reporter| reporter.id == id).for_each(Reporter::cancel);
        }),
        // Page and worker are built together, so this can only be a fault of ours: say so rather than keep silent.
        Err(error) => {
            send(Event::DeviceLost { message: format!("The page sent what the engine does not know ({error}).") });
        }
    }
}

/// Runs one request to its end, and tells the page how it ended.
fn work<F, W>(id: RequestId, task: F)
where
    F: FnOnce(Reporter) -> W,
    W: Future<Output = Result<Event, Ended>> + 'static,
{
    let reporter = Reporter::new(id);
    with(|state| state.running.push(reporter.clone()));
    let task = task(reporter);
    spawn_local(async move {
        let event = match task.await {
            Ok(event) => event,
            Err(Ended::Cancelled) => Event::Cancelled { id },
            Err(Ended::Failed(failure)) => Event::Failed { id, failure },
        };
        with(|state| state.running.retain(|reporter| reporter.id != id));
        send(event);
    });
}

/// How a request ends without a result.
enum Ended {
    Cancelled,
    Failed(Failure),
}

impl From<EngineError> for Ended {
    fn from(error: EngineError) -> Self {
        if error.is_cancelled() { Self::Cancelled } else { Self::Failed(error.failure()) }
    }
}

impl From<NetworkError> for Ended {
    fn from(error: NetworkError) -> Self {
        match error {
            NetworkError::Cancelled => Self::Cancelled,
            error => Self::Failed(Failure { message: error.to_string(), retry: error.retry() }),
        }
    }
}

fn not_ready(message: &str) -> Ended {
    Ended::Failed(Failure { message: message.to_owned(), retry: true })
}

async fn start(choice: DeviceChoice) {
    let adapter = match choice {
        DeviceChoice::Cpu => Adapter::default(),
        DeviceChoice::Auto | DeviceChoice::Webgpu => ask_adapter().await,
    };
    match choose(choice, adapter).await {
        Ok(chosen) => {
            let device = chosen.info.clone();
            with(|state| state.chosen = Some(chosen));
            send(Event::Started { device });
        }
        Err(error) => send(Event::DeviceLost { message: error.to_string() }),
    }
}

async fn ask_adapter() -> Adapter {
    let text = |value: &JsValue, key: &str| Reflect::get(value, &key.into()).ok().and_then(|value| value.as_string());
    match JsFuture::from(adapter()).await {
        Ok(found) => Adapter { name: text(&found, "name"), obstacle: text(&found, "obstacle") },
        Err(error) => {
            let reason = text(&error, "message").unwrap_or_else(|| "no reason given".to_owned());
            Adapter { name: None, obstacle: Some(format!("the browser would not give an adapter ({reason})")) }
        }
    }
}

async fn load(entry: ModelEntry, base: String, reporter: Reporter) -> Result<Event, Ended> {
    let began = now();
    let chosen = with(|state| state.chosen.clone()).ok_or_else(|| not_ready("The engine is not ready yet."))?;
    // The model before makes room first: two at once may not fit.
    with(|state| state.model = None);
    answer::tidy(&chosen.device);
    let cache = Cache::open().await;
    let mut tally = Tally { done: 0, total: entry.bytes() };
    let (mut weights, mut config, mut tokenizer) = (None, None, None);
    let (mut cached, mut kept) = (true, true);
    for file in &entry.files {
        let Fetched { whole, cached: was_cached, kept: is_kept } =
            network::get(file, &base, cache.as_ref(), &reporter, &mut tally).await?;
        cached &= was_cached;
        kept &= is_kept;
        match file.role {
            FileRole::Weights => weights = Some(whole),
            FileRole::Config => config = Some(content(whole)?),
            FileRole::Tokenizer => tokenizer = Some(content(whole)?),
        }
    }
    let weights = weights.ok_or_else(|| Ended::from(EngineError::MissingFile("weights")))?;
    let id = entry.id.clone();
    let model = Model::open(entry, Files { weights, config, tokenizer }, &chosen.device, &reporter).await?;
    with(|state| state.model = Some(Rc::new(model)));
    Ok(Event::Loaded { id: reporter.id, model: id, cached, kept, milliseconds: now() - began })
}

fn content(mut whole: Whole) -> Result<Vec<u8>, Ended> {
    let mut bytes = Vec::new();
    match whole.read_to_end(&mut bytes) {
        Ok(_) => Ok(bytes),
        Err(error) => Err(not_ready(&format!("A file of the model could not be read back ({error})."))),
    }
}

async fn explain(request: Request, reporter: Reporter) -> Result<Event, Ended> {
    let (chosen, model) = with(|state| (state.chosen.clone(), state.model.clone()));
    let (Some(chosen), Some(model)) = (chosen, model) else {
        return Err(not_ready("The model is not loaded yet."));
    };
    if model.entry.id != request.model {
        return Err(not_ready("Another model is loaded."));
    }
    let explanation = answer(&model, &chosen.info, &request, &reporter, now).await?;
    Ok(Event::Explained { id: reporter.id, explanation: Box::new(explanation) })
}

/// The tiny models' numbers on the chosen device.
pub async fn probe() -> Result<String, EngineError> {
    let chosen = with(|state| state.chosen.clone()).ok_or(EngineError::MissingFile("device"))?;
    let ids: Vec<u32> = (0..13).map(|i| (i * 37 + 11) % 256).collect();
    let second: Vec<u32> = (0..9).map(|i| (i * 53 + 7) % 256).collect();
    let llama = probe::llama(&chosen.device, &ids, None).await?;
    let bert = probe::bert(&chosen.device, &ids, &second).await?;
    Ok(json!({ "device": chosen.info, "llama": llama.to_json(), "bert": bert.to_json() }).to_string())
}

/// Times of the loaded model, in milliseconds.
pub async fn bench(tokens: usize, runs: usize, backward: bool) -> Result<Vec<f64>, EngineError> {
    let model = with(|state| state.model.clone()).ok_or(EngineError::MissingFile("model"))?;
    let work = if backward { Work::ForwardBackward } else { Work::Forward };
    measure(&model, work, tokens.clamp(1, 512), runs.clamp(1, 1000), now).await
}
