//! From a question to its answer: what the conductor says is carried out here.

use std::sync::Arc;
use std::time::Duration;

use headlight_document::message::Command;
use headlight_document::{Explanation, Request, RequestError, Source, Task};
use leptos::prelude::*;

use super::{App, Listing, Shown, weights_hash};
use crate::browser;
use crate::state::attention;
use crate::state::conductor::{self, Input};
use crate::state::form::{Form, answers};
use crate::worker::Line;

/// How long a cancelled request may say nothing before its worker is replaced.
const PATIENCE: Duration = Duration::from_secs(6);

impl App {
    /// Asks what the form says; `again` even where the answer is on the page already.
    pub fn ask(self, again: bool) {
        self.clear(self.pause);
        if !matches!(self.listing.get_untracked(), Listing::Ready(_)) {
            self.pending.set(true);
            return;
        }
        self.pending.set(false);
        let request = self.form.with_untracked(Form::request);
        if let Err(error) = request.validate() {
            let hint = match error {
                RequestError::EmptyText if request.text.trim().is_empty() => "Type a text to see it explained.",
                RequestError::EmptyText if request.task == Task::Answer => "Type a question about the passage.",
                RequestError::EmptyText => "Type a second text to compare with.",
                other => {
                    self.tell(Input::Refuse(Box::new(request), other.to_string()));
                    return;
                }
            };
            self.hint.set(Some(hint.into()));
            self.tell(Input::Forget);
            return;
        }
        self.hint.set(None);
        if self.entry_now(&request.model).is_none() {
            self.hint.set(Some("Choose a model first.".into()));
            return;
        }
        if !again
            && self.shown.with_untracked(|shown| shown.request.as_ref().is_some_and(|asked| answers(asked, &request)))
        {
            self.tell(Input::Forget);
            return;
        }
        self.tell(Input::Ask(Box::new(request)));
    }

    /// Tells the conductor something and does what it says.
    pub fn tell(self, input: Input) {
        let effects = self.conductor.try_update(|conductor| conductor.step(input)).unwrap_or_default();
        for effect in effects {
            self.carry_out(effect);
        }
    }

    fn carry_out(self, effect: conductor::Effect) {
        match effect {
            conductor::Effect::Spawn => {
                self.clear(self.watch);
                if self.line.with_value(Option::is_some) {
                    // Ends the worker there was.
                    self.line.set_value(None);
                    self.lose();
                }
                let hear = move |heard| match heard {
                    Ok(event) => self.hear(event),
                    Err(message) => self.tell(Input::Broke(message)),
                };
                match Line::open(hear) {
                    Ok(line) => self.line.set_value(Some(line)),
                    Err(message) => self.tell(Input::Broke(message)),
                }
            }
            conductor::Effect::Terminate => {
                self.line.set_value(None);
                self.lose();
            }
            conductor::Effect::Post(command) => self.send(&command),
            conductor::Effect::PostLoad(id, model) => {
                let brought = self.sources.with_untracked(|sources| sources.source(&model).cloned());
                let source = brought.or_else(|| {
                    let base = browser::beside(&format!("models/{model}/"))?;
                    Some(Source::Registered { model: Box::new(self.entry_now(&model)?), base })
                });
                if let Some(source) = source {
                    self.send(&Command::Load { id, source });
                }
            }
            conductor::Effect::Watch(id) => {
                self.clear(self.watch);
                let handle = set_timeout_with_handle(move || self.tell(Input::Silence(id)), PATIENCE).ok();
                self.watch.set_value(handle);
            }
            conductor::Effect::Show(document, request) => self.show(*document, *request),
            conductor::Effect::Remember(model, is_kept) => {
                let key = format!("kept.{model}");
                match self.entry_now(&model) {
                    Some(entry) if is_kept => {
                        browser::remember(&key, weights_hash(&entry));
                        self.kept.update(|kept| {
                            kept.insert(model);
                        });
                    }
                    _ => {
                        browser::forget(&key);
                        self.kept.update(|kept| {
                            kept.remove(&model);
                        });
                    }
                }
            }
        }
    }

    fn show(self, document: Explanation, request: Request) {
        let tokens = document.input.tokens.len();
        let suggests = self.suggest.get_value();
        self.suggest.set_value(false);
        self.form.update(|form| {
            let shown = attention::chosen(&document.attention, form.kind);
            let (layers, heads) = shown.map_or((0, 0), |map| (map.layers, map.heads));
            let suggested = shown.filter(|_| suggests).and_then(|map| attention::suggested_head(&document, map));
            form.head = form.head.filter(|&(layer, head)| layer < layers && head < heads).or(suggested);
            form.token = form.token.filter(|&token| token < tokens);
        });
        self.shown.update(|shown| {
            *shown = Shown { document: Arc::new(document), request: Some(request), number: shown.number + 1 };
        });
        self.save_soon();
    }
}
