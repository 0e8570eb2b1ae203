//! From a question to its answer: what the conductor says is carried out here.

use std::sync::Arc;
use std::time::Duration;

use headlight_document::message::{Command, RequestId};
use headlight_document::{Attribution, Explanation, Request, RequestError, Source, Task, Units};
use leptos::prelude::*;

use super::{App, Estimate, Listing, Shown, When, weights_hash};
use crate::browser;
use crate::locale::{heard, say};
use crate::state::compare::{Compared, estimated};
use crate::state::conductor::{self, Input};
use crate::state::cost::{self, Runs, Size};
use crate::state::form::{Form, answers};
use crate::state::{attention, marks};
use crate::worker::Line;

/// How long a cancelled request may say nothing before its worker is replaced.
const PATIENCE: Duration = Duration::from_secs(6);

/// How a question is asked.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Ask {
    /// Without what takes more than a moment: nobody asked for that.
    Cheap,
    /// With the chosen method, whatever it costs.
    Whole,
    /// That too, even where the answer is on the page already.
    Again,
}

/// What of a comparison is saved.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Saved {
    /// The document.
    Document,
    /// The table of figures, with comma-separated columns.
    Figures(String),
    /// Every value.
    Values,
}

/// Whether a question is about heads and layers.
fn asks_heads(request: &Request) -> bool {
    !request.heads.is_empty() || request.patch.is_some()
}

impl App {
    /// Asks what the form says.
    pub fn ask(self, how: Ask) {
        self.clear(self.pause);
        if !matches!(self.listing.get_untracked(), Listing::Ready(_)) {
            self.pending.set(true);
            return;
        }
        self.pending.set(false);
        let request = match how {
            Ask::Cheap => untrack(|| self.cheap_request()),
            Ask::Whole | Ask::Again => self.form.with_untracked(Form::request),
        };
        if let Err(error) = request.validate() {
            let hint = match error {
                RequestError::EmptyText if request.text.trim().is_empty() => say("app.type_text"),
                RequestError::EmptyText if request.task == Task::Answer => say("app.type_question"),
                RequestError::EmptyText => say("app.type_second"),
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
            self.hint.set(Some(say("app.choose_model").into()));
            return;
        }
        let is_held = self.is_held();
        let is_answered = self.shown.with_untracked(|shown| {
            // A document that somebody saved may lack a method that every answer here has.
            let has_method = || self.form.with_untracked(|form| shown.document.has_method(form.method));
            shown.request.as_ref().is_some_and(|asked| answers(asked, &request)) && (!is_held || has_method())
        });
        if is_answered && how != Ask::Again {
            self.tell(Input::Forget);
            self.resume_writing();
            return;
        }
        if is_held {
            // Where nothing is typed, the way on is shown.
            if how != Ask::Cheap {
                browser::focus("opened-run");
            }
            return;
        }
        self.tell(Input::Ask(Box::new(request)));
    }

    /// The form's question with the chosen method where that costs next to nothing, and else without it.
    pub fn cheap_request(self) -> Request {
        let is_cheap = cost::is_cheap(self.cost(), self.size());
        self.form.with(|form| if is_cheap { form.request() } else { form.cheap_request() })
    }

    /// How much there is to explain, and how long one run of the model takes.
    pub fn size(self) -> Size {
        let (model, units, bytes) = self.form.with(|form| (form.model.clone(), form.parameters.units, form.text.len()));
        self.shown.with(|shown| {
            let input = &shown.document.input;
            let selected = match units {
                Units::Selection => self.form.with(|form| marks::marked(&input.places(), &form.marks)),
                _ => Vec::new(),
            };
            // What the page opens with was measured elsewhere.
            let is_measured = shown.request.is_some() && shown.document.model.id == model;
            Size::of(&shown.document, units, &selected, bytes, is_measured)
        })
    }

    /// What the method that colours the text costs.
    pub fn cost(self) -> Runs {
        let size = self.size();
        self.form.with(|form| cost::of_method(form.method, &[form.method], &form.parameters, size))
    }

    /// Compares the ticked methods, or traces the target through the layers.
    pub fn compare(self, request: Request) {
        if !matches!(self.listing.get_untracked(), Listing::Ready(_)) {
            return;
        }
        if self.is_held() {
            browser::focus("opened-run");
            return;
        }
        let fault = match request.validate() {
            Err(error) => Some(heard(&error.to_string())),
            Ok(())
                if request.methods.is_empty()
                    && !request.layers
                    && request.intervention.is_empty()
                    && !asks_heads(&request) =>
            {
                Some(say("app.tick").to_owned())
            }
            Ok(()) if self.entry_now(&request.model).is_none() => Some(say("app.choose_model").to_owned()),
            Ok(()) => None,
        };
        let hint = if asks_heads(&request) { self.apart_hint } else { self.comparing_hint };
        hint.set(fault.clone());
        if fault.is_none() {
            self.tell(Input::Compare(Box::new(request)));
        }
    }

    /// Takes the model apart as the form says.
    pub fn take_apart(self) {
        self.edit(When::Never, |form| form.apart.is_asked = true);
        self.compare(self.form.with_untracked(Form::heads_request));
    }

    /// Takes it apart where a link wants that, as soon as nothing else is computed.
    fn resume_apart(self) {
        let is_idle = self.conductor.with_untracked(|conductor| conductor.comparing().is_none());
        if is_idle && self.resume.get_value() {
            self.resume.set_value(false);
            self.compare(self.form.with_untracked(Form::heads_request));
        }
    }

    /// Saves the figures of heads and layers as a file: the document, or a table with comma-separated columns.
    pub fn save_heads(self, csv: Option<String>) {
        let Some(document) = self.headed.with_untracked(|all| all.as_ref().map(|one| Arc::clone(&one.document))) else {
            return;
        };
        match csv {
            None => self.save_or_say(&document, "heads.json", "application/json", &mut |file| {
                headlight_report::json(&document, file)
            }),
            Some(csv) => {
                self.save_or_say(&document, "heads.csv", "text/csv", &mut |file| file.write_all(csv.as_bytes()));
            }
        }
    }

    /// Saves the comparison as a file.
    pub fn save_comparison(self, what: Saved) {
        let Some(document) = self.compared.with_untracked(|all| all.as_ref().map(|one| Arc::clone(&one.document)))
        else {
            return;
        };
        match what {
            Saved::Document => self.save_or_say(&document, "methods.json", "application/json", &mut |file| {
                headlight_report::json(&document, file)
            }),
            Saved::Figures(csv) => {
                self.save_or_say(&document, "figures.csv", "text/csv", &mut |file| file.write_all(csv.as_bytes()));
            }
            Saved::Values => self.save_or_say(&document, "values.csv", "text/csv", &mut |file| {
                file.write_all(headlight_report::csv::values(&document).as_bytes())
            }),
        }
    }

    /// Tells the conductor something and does what it says.
    pub fn tell(self, input: Input) {
        if input == Input::Cancel {
            // What waited for the answer is given up with it.
            self.resume.set_value(false);
            self.write_after.set_value(false);
        }
        let effects = self.conductor.try_update(|conductor| conductor.step(input)).unwrap_or_default();
        for effect in effects {
            self.carry_out(effect);
        }
        self.end_estimates();
    }

    /// Takes estimates away that nothing is coming of any more.
    fn end_estimates(self) {
        let (is_asked, is_comparing) =
            self.conductor.with_untracked(|conductor| (conductor.is_asked(), conductor.comparing().is_some()));
        if !is_asked && self.estimate.with_untracked(Option::is_some) {
            self.estimate.set(None);
        }
        if !is_comparing && let Some(before) = self.replaced.try_update_value(Option::take).flatten() {
            self.compared.set(before);
        }
    }

    fn estimate(self, attributions: Vec<Attribution>, request: Request, is_comparison: bool) {
        // Tokens and answer are those of the page, so that an estimate about anything else has no place on it.
        if !self.shown.with_untracked(|shown| shown.is_about(&request)) {
            return;
        }
        if !is_comparison {
            self.estimate.set(Some(Estimate { request, attributions }));
            return;
        }
        let document = self.shown.with_untracked(|shown| estimated(&shown.document, attributions));
        if self.replaced.with_value(Option::is_none) {
            self.replaced.set_value(Some(self.compared.get_untracked()));
        }
        self.compared.set(Some(Compared { document: Arc::new(document), request }));
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
            conductor::Effect::Show(id, document, request) => self.show(id, *document, *request),
            conductor::Effect::Estimate { attributions, request, is_comparison } => {
                self.estimate(attributions, *request, is_comparison);
            }
            conductor::Effect::ShowComparison(mut document, request) => {
                document.request = Some(request.clone());
                let place = match (request.layers, asks_heads(&request)) {
                    (true, _) => self.layered,
                    _ if self.is_of_other(&request) => self.other,
                    _ if !request.intervention.is_empty() => self.changed,
                    (false, true) => self.headed,
                    (false, false) => {
                        self.replaced.set_value(None);
                        self.compared
                    }
                };
                place.set(Some(Compared { document: Arc::new(*document), request: *request }));
                self.resume_apart();
            }
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

    fn show(self, id: RequestId, mut document: Explanation, request: Request) {
        document.request = Some(Box::new(request.clone()));
        // Before the numbers: that they come from other weights.
        self.opened.update(|opened| opened.answered(&document.model.sha256));
        let tokens = document.input.tokens.len();
        let suggests = self.suggest.get_value();
        self.suggest.set_value(false);
        self.form.update(|form| {
            let shown = attention::chosen(&document.attention, form.kind);
            let (layers, heads) = shown.map_or((0, 0), |map| (map.layers, map.heads));
            let suggested = shown.filter(|_| suggests).and_then(attention::suggested_head);
            form.head = form.head.filter(|&(layer, head)| layer < layers && head < heads).or(suggested);
            form.token = form.token.filter(|&token| token < tokens);
        });
        let document = Arc::new(document);
        self.note_answer(&document, &request);
        self.shown.update(|shown| {
            let number = shown.number + 1;
            *shown = Shown { document, request: Some(request), number, id: Some(id) };
        });
        self.save_soon();
        // What is changed is changed of the new answer's model too.
        self.changed.set(None);
        if self.conductor.with_untracked(|conductor| conductor.comparing().is_none()) {
            self.ask_changed();
        }
        self.resume_apart();
        self.resume_writing();
        // Only now it is known how long the chosen method would take.
        let is_idle = !self.pending.get_untracked() && self.conductor.with_untracked(|conductor| !conductor.is_asked());
        if is_idle && untrack(|| self.is_current() && !self.is_whole() && cost::is_cheap(self.cost(), self.size())) {
            self.ask(Ask::Cheap);
        }
    }
}
