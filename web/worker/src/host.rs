//! What the worker keeps between commands, and what it does with each.

use std::cell::RefCell;
use std::rc::Rc;

use headlight_document::message::{Command, DeviceChoice, Event, Failure, RequestId};
use headlight_document::{AttentionDetail, AttentionKind, Generation, Look, Request, Source, Step, Trace, Triangle};
use headlight_engine::bench::{Work, measure};
use headlight_engine::device::Adapter;
use headlight_engine::{Chosen, EngineError, Held, Model, answer, answer_and_hold, choose, generate, probe};
use js_sys::{Array, Promise, Reflect};
use serde_json::json;
use wasm_bindgen::prelude::*;
use wasm_bindgen_futures::{JsFuture, spawn_local};
use web_sys::File;

use crate::cache::Cache;
use crate::network::NetworkError;
use crate::open::open;
use crate::outbox::{now, send};
use crate::records::{self, Records};
use crate::reporter::Reporter;
use crate::sources::{Gathered, Place};

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
    /// The attention of the newest answer that has some, and the request that it answers.
    held: Option<(RequestId, Rc<Held>)>,
    /// Requests that are being worked on.
    running: Vec<Reporter>,
}

thread_local! {
    static STATE: RefCell<State> = RefCell::default();
}

fn with<T>(of: impl FnOnce(&mut State) -> T) -> T {
    STATE.with(|state| of(&mut state.borrow_mut()))
}

/// Takes a command of the page, and the files that travel beside it.
pub fn receive(json: &str, files: &Array) {
    let own = files.iter().filter_map(|file| file.dyn_into().ok()).collect();
    match serde_json::from_str(json) {
        Ok(Command::Start { device }) => spawn_local(start(device)),
        Ok(Command::Inspect { id, source }) => work(id, move |reporter| inspect(source, own, reporter)),
        Ok(Command::Load { id, source }) => work(id, move |reporter| load(source, own, reporter)),
        Ok(Command::ListCache { id }) => work(id, move |_| list_cache(id)),
        Ok(Command::DeleteCached { id, model }) => work(id, move |_| delete_cached(id, model)),
        Ok(Command::Explain { id, request }) => work(id, move |reporter| explain(*request, reporter)),
        Ok(Command::Look { id, of, look }) => work(id, move |reporter| see(of, look, reporter)),
        Ok(Command::Neurons { id, of, kind, head }) => work(id, move |reporter| neurons(of, kind, head, reporter)),
        Ok(Command::Generate { id, generation }) => work(id, move |reporter| write(*generation, reporter)),
        Ok(Command::Trace { id, trace }) => work(id, move |reporter| rows(*trace, reporter)),
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

async fn inspect(source: Source, own: Vec<File>, reporter: Reporter) -> Result<Event, Ended> {
    let inspection = place(&reporter).await.inspect(&source, &own).await?;
    Ok(Event::Inspected { id: reporter.id, inspection: Box::new(inspection) })
}

async fn load(source: Source, own: Vec<File>, reporter: Reporter) -> Result<Event, Ended> {
    let began = now();
    let chosen = with(|state| state.chosen.clone()).ok_or_else(|| not_ready("The engine is not ready yet."))?;
    // The model before makes room first: two at once may not fit.
    with(|state| {
        state.model = None;
        state.held = None;
    });
    answer::tidy(&chosen.device);
    let Gathered { entry, files, cached, kept } = place(&reporter).await.gather(&source, &own).await?;
    let model = open(entry, files, &chosen, &reporter).await?;
    let id = model.entry.id.clone();
    let is_known = matches!(source, Source::Registered { .. });
    let entry = (!is_known).then(|| Box::new(model.entry.clone()));
    with(|state| state.model = Some(Rc::new(model)));
    Ok(Event::Loaded { id: reporter.id, model: id, entry, cached, kept, milliseconds: now() - began })
}

async fn place(reporter: &Reporter) -> Place<'_> {
    Place { cache: Cache::open().await, records: Records::open().await, reporter }
}

async fn list_cache(id: RequestId) -> Result<Event, Ended> {
    let (cache, records) = (Cache::open().await, Records::open().await);
    Ok(Event::Cache { id, entries: records::list(cache.as_ref(), records.as_ref()).await })
}

async fn delete_cached(id: RequestId, model: Option<String>) -> Result<Event, Ended> {
    let (cache, records) = (Cache::open().await, Records::open().await);
    records::delete(cache.as_ref(), records.as_ref(), model.as_deref()).await;
    list_cache(id).await
}

async fn explain(request: Request, reporter: Reporter) -> Result<Event, Ended> {
    let (chosen, model) = with(|state| (state.chosen.clone(), state.model.clone()));
    let (Some(chosen), Some(model)) = (chosen, model) else {
        return Err(not_ready("The model is not loaded yet."));
    };
    if model.entry.id != request.model {
        return Err(not_ready("Another model is loaded."));
    }
    if request.attention != AttentionDetail::None {
        // The last answer's maps make room first, as its model would: those of a long text are hundreds of megabytes.
        with(|state| state.held = None);
    }
    let (explanation, held) = answer_and_hold(&model, &chosen.info, &request, &reporter, now).await?;
    if request.attention == AttentionDetail::Overview {
        with(|state| state.held = Some((reporter.id, Rc::new(held))));
    }
    Ok(Event::Explained { id: reporter.id, explanation: Box::new(explanation) })
}

async fn write(generation: Generation, reporter: Reporter) -> Result<Event, Ended> {
    let model = with(|state| state.model.clone()).ok_or_else(|| not_ready("The model is not loaded yet."))?;
    if model.entry.id != generation.model {
        return Err(not_ready("Another model is loaded."));
    }
    let id = reporter.id;
    let tell = |step: &Step| send(Event::Wrote { id, step: Box::new(step.clone()) });
    let generated = generate(&model, &generation, &reporter, &tell).await?;
    Ok(Event::Generated { id, generated: Box::new(generated) })
}

async fn rows(trace: Trace, reporter: Reporter) -> Result<Event, Ended> {
    let (model, chosen) = with(|state| state.model.clone().zip(state.chosen.clone()))
        .ok_or_else(|| not_ready("The model is not loaded yet."))?;
    if model.entry.id != trace.model {
        return Err(not_ready("Another model is loaded."));
    }
    let id = reporter.id;
    let tell = |new: &Triangle| send(Event::Traced { id, new: Box::new(new.clone()) });
    let whole = headlight_engine::trace(&model, &chosen.info, &trace, &reporter, &tell).await?;
    Ok(Event::Traced { id, new: Box::new(Triangle { rows: Vec::new(), ..whole }) })
}

/// The attention of an answer, where it is kept.
fn held(of: RequestId) -> Option<Rc<Held>> {
    with(|state| state.held.as_ref().filter(|(answered, _)| *answered == of).map(|(_, held)| held.clone()))
}

async fn neurons(of: RequestId, kind: AttentionKind, head: (usize, usize), reporter: Reporter) -> Result<Event, Ended> {
    let neurons = match (held(of), with(|state| state.model.clone())) {
        (Some(held), Some(model)) => Some(Box::new(held.neurons(&model, kind, head, &reporter).await?)),
        _ => None,
    };
    Ok(Event::Neurons { id: reporter.id, neurons })
}

async fn see(of: RequestId, look: Look, reporter: Reporter) -> Result<Event, Ended> {
    let seen = match held(of) {
        Some(held) => held.look(&look, &reporter).await?,
        None => Vec::new(),
    };
    Ok(Event::Looked { id: reporter.id, seen })
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
