//! Models that a person brings: what the state machine of sources says is carried out here.

use headlight_document::message::{Command, Event, Failure};
use headlight_document::{ModelEntry, Source};
use js_sys::{Array, Reflect};
use leptos::prelude::*;
use leptos::task::spawn_local;
use wasm_bindgen::JsValue;
use web_sys::FileSystemEntry;

use super::{App, Ask, Listing};
use crate::state::conductor::{self, Phase};
use crate::state::inside::{self, Inside};
use crate::state::sight::{self, Sight};
use crate::state::sources::{Effect, FIRST, Input, Look, Sources};
use crate::state::writing::{Writing, is_of_writing};
use crate::{browser, dropped};

impl App {
    /// Tells the sources something and does what they say.
    pub fn bring(self, input: Input) {
        let effects = self.sources.try_update(|sources| sources.step(input)).unwrap_or_default();
        for effect in effects {
            match effect {
                Effect::Post(command) => self.post_when_up(command),
                Effect::Ask(bytes) => self.asking.set(Some(bytes)),
                Effect::Load(model) => {
                    self.asking.set(None);
                    self.panel.set(false);
                    self.held.update_value(|held| {
                        if let Some(looked) = held.remove("") {
                            held.insert(model.clone(), looked);
                        }
                    });
                    // Other files may have the same name and size.
                    let own = |sources: &Sources| matches!(sources.source(&model), Some(Source::Files { .. }));
                    if self.sources.with_untracked(own) {
                        self.conductor.update(|conductor| conductor.loaded = None);
                    }
                    self.wanted.set_value(Some(model.clone()));
                    self.tell(conductor::Input::Load(model.clone()));
                    if self.conductor.with_untracked(|conductor| conductor.loaded.as_ref() == Some(&model)) {
                        self.settle(&model);
                    }
                }
            }
        }
    }

    /// Looks at a model.
    pub fn look(self, source: Source) {
        self.asking.set(None);
        if !matches!(source, Source::Files { .. }) {
            self.held.update_value(|held| {
                held.remove("");
            });
        }
        self.bring(Input::Look(source));
    }

    /// Looks at a person's own files: an array, or what is like one, of `File` objects.
    pub fn offer(self, list: &JsValue) {
        self.open_file(list, move |files| self.offer_model(files));
    }

    fn offer_model(self, files: Array) {
        let read = |file: &JsValue, key: &str| Reflect::get(file, &key.into()).ok().and_then(|name| name.as_string());
        // Within a folder that was chosen, the path; else the name alone.
        let name = |file: JsValue| {
            read(&file, "webkitRelativePath").filter(|path| !path.is_empty()).or_else(|| read(&file, "name"))
        };
        let names: Vec<String> = files.iter().map(|file| name(file).unwrap_or_default()).collect();
        if names.is_empty() {
            return;
        }
        self.panel.set(true);
        self.look_at_files(names, files);
    }

    /// Looks at what is in folders that were dropped.
    pub fn offer_folders(self, entries: Vec<FileSystemEntry>) {
        self.panel.set(true);
        self.bring(Input::Forget);
        let wishes = move || self.sources.with_untracked(Sources::wishes);
        let before = wishes();
        spawn_local(async move {
            let walked = dropped::walk(entries).await;
            // Meanwhile the person may have named another model, or closed the panel.
            if wishes() != before {
                return;
            }
            match walked {
                Ok(files) => {
                    let (names, files): (Vec<_>, Array) = files.into_iter().unzip();
                    self.look_at_files(names, files);
                }
                Err(message) => {
                    let source = Source::Files { title: String::new(), names: Vec::new(), weights: None };
                    self.bring(Input::Refuse(source, Failure { message, retry: false }));
                }
            }
        });
    }

    fn look_at_files(self, names: Vec<String>, files: Array) {
        self.held.update_value(|held| {
            held.insert(String::new(), files);
        });
        self.look(Source::Files { title: String::new(), names, weights: None });
    }

    /// Opens one of the models that the browser keeps.
    pub fn open_kept(self, model: String) {
        match self.entry_now(&model) {
            Some(entry) => {
                self.panel.set(false);
                self.choose_model(&entry);
                self.tell(conductor::Input::Load(model));
                self.ask(Ask::Cheap);
            }
            None => self.bring(Input::Take(model)),
        }
    }

    /// Lets go of one of the models that the browser keeps, or of all.
    pub fn delete_kept(self, model: Option<String>) {
        let gone = match &model {
            Some(model) => vec![model.clone()],
            None => self
                .sources
                .with_untracked(|sources| sources.kept.iter().flatten().map(|kept| kept.model.clone()).collect()),
        };
        for model in gone {
            browser::forget(&format!("kept.{model}"));
            self.kept.update(|kept| {
                kept.remove(&model);
            });
        }
        self.bring(Input::Delete(model));
    }

    /// Takes up a model that is not of the list beside the page, such as a link's: from the browser's own storage where
    /// it is kept, else the person is asked, and nothing is fetched before. Whether the model can be one.
    pub(super) fn invite(self, model: &str) -> bool {
        if !model.contains('/') || model.contains(':') {
            return false;
        }
        if browser::recall(&format!("kept.{model}")).is_some() {
            self.bring(Input::Take(model.to_owned()));
        } else {
            self.invited.set(Some(model.to_owned()));
            self.panel.set(true);
        }
        true
    }

    /// Hears the worker, for the sources and for the conductor.
    pub(super) fn hear(self, event: Event) {
        let mut loaded = None;
        match &event {
            Event::Loaded { model, entry, .. } => {
                if let Some(entry) = entry {
                    self.list(entry);
                }
                loaded = Some(model.clone());
            }
            Event::Neurons { .. } => {
                self.heard_inside(event);
                return;
            }
            Event::Progress { id, .. } | Event::Failed { id, .. } | Event::Cancelled { id } if *id >= inside::FIRST => {
                self.heard_inside(event);
                return;
            }
            Event::Looked { .. } => {
                self.looked(event);
                return;
            }
            Event::Progress { id, .. } | Event::Failed { id, .. } | Event::Cancelled { id } if *id >= sight::FIRST => {
                self.looked(event);
                return;
            }
            Event::Wrote { .. } | Event::Generated { .. } | Event::Traced { .. } => {
                self.heard_writing(event);
                return;
            }
            Event::Failed { id, .. } | Event::Cancelled { id } | Event::Explained { id, .. } if is_of_writing(*id) => {
                self.heard_writing(event);
                return;
            }
            Event::Progress { id, .. } if is_of_writing(*id) => return,
            Event::Failed { id, failure } if *id >= FIRST => {
                if !self.sources.with_untracked(|sources| matches!(sources.look, Look::Waiting(_))) {
                    self.notice.set(Some(failure.message.clone()));
                }
                self.bring(Input::Heard(event));
                return;
            }
            Event::Inspected { .. } | Event::Cache { .. } => {
                self.bring(Input::Heard(event));
                return;
            }
            _ => {}
        }
        self.tell(conductor::Input::Heard(Box::new(event)));
        if self.conductor.with_untracked(|conductor| matches!(conductor.phase, Phase::Up(_))) {
            for command in self.waiting.try_update_value(std::mem::take).unwrap_or_default() {
                self.send(&command);
            }
        }
        if let Some(model) = loaded {
            self.settle(&model);
        }
    }

    // A model is ready: it is chosen, if it was wanted.
    fn settle(self, model: &str) {
        let wanted = self.wanted.try_update_value(|wanted| wanted.take_if(|wanted| wanted == model)).flatten();
        if let Some(entry) = wanted.and_then(|model| self.entry_now(&model)) {
            if self.form.with_untracked(|form| form.model != entry.id) {
                self.choose_model(&entry);
            } else {
                // A link's question, as it is.
                self.run_opened();
            }
        }
    }

    /// Sends a command, and the person's own files that it is about.
    pub(super) fn send(self, command: &Command) {
        let key = match command {
            Command::Inspect { source: Source::Files { .. }, .. } => Some(String::new()),
            Command::Load { id, source: Source::Files { .. } } => self.conductor.with_untracked(|conductor| {
                conductor.flight.as_ref().filter(|flight| flight.id == *id)?;
                conductor.loading().map(str::to_owned)
            }),
            _ => None,
        };
        let files = key.and_then(|key| self.held.with_value(|held| held.get(&key).cloned())).unwrap_or_default();
        let sent = self.line.with_value(|line| line.as_ref().map(|line| line.post(command, &files)));
        if let Some(Err(message)) = sent {
            self.tell(conductor::Input::Broke(message));
        }
    }

    /// The worker is gone, and with it what it was asked.
    pub(super) fn lose(self) {
        self.waiting.set_value(Vec::new());
        self.bring(Input::Lost);
        // Its answers' attention went with the engine.
        self.shown.update(|shown| shown.id = None);
        self.sight.update(Sight::lose);
        self.inside.update(Inside::lose);
        self.writing.update(Writing::lose);
    }

    fn post_when_up(self, command: Command) {
        let phase = self.conductor.with_untracked(|conductor| conductor.phase.clone());
        if matches!(phase, Phase::Up(_)) {
            self.send(&command);
            return;
        }
        self.waiting.update_value(|waiting| waiting.push(command));
        match phase {
            Phase::Idle => self.tell(conductor::Input::Start),
            Phase::Down { .. } => self.restart(false),
            _ => {}
        }
    }

    // A model that was brought is one of the list from now on.
    fn list(self, entry: &ModelEntry) {
        self.listing.update(|listing| {
            if let Listing::Ready(manifest) = listing {
                let models = &mut std::sync::Arc::make_mut(manifest).models;
                models.retain(|model| model.id != entry.id);
                models.push(entry.clone());
            }
        });
    }
}
