//! What was asked before: brought back, undone, kept under a name, and laid side by side.

use std::sync::Arc;

use headlight_document::link::{Link, View};
use headlight_document::{Explanation, Request};
use leptos::prelude::*;
use wasm_bindgen::prelude::*;

use super::{App, Ask, Shown};
use crate::browser;
use crate::locale::{fill, say};
use crate::state::conductor::Input;
use crate::state::form::{Form, answers};
use crate::state::history::{History, Steps};
use crate::state::kept::{self, Kept};

// The database is events and transactions of the browser's: by hand and in JavaScript, which is a tenth of what it costs here.
#[wasm_bindgen(module = "/kept.js")]
extern "C" {
    #[wasm_bindgen(js_name = listKept, catch)]
    async fn list_kept() -> Result<JsValue, JsValue>;
    #[wasm_bindgen(js_name = putKept, catch)]
    async fn put_kept(head: &str, document: &web_sys::Blob) -> Result<JsValue, JsValue>;
    #[wasm_bindgen(js_name = getKept, catch)]
    async fn get_kept(id: &str) -> Result<JsValue, JsValue>;
    #[wasm_bindgen(js_name = deleteKept, catch)]
    async fn delete_kept(id: &str) -> Result<JsValue, JsValue>;
}

/// An explanation that is laid beside another.
#[derive(Clone)]
pub struct Chosen {
    /// Which row of the history or of what is kept it is.
    pub row: String,
    /// What it is called.
    pub name: String,
    /// The document.
    pub document: Arc<Explanation>,
}

/// What is remembered of the session. Copies are handles to the same state.
#[derive(Clone, Copy, Default)]
pub struct Session {
    /// The questions that were answered.
    pub history: RwSignal<History>,
    /// What is kept.
    pub kept: RwSignal<Vec<Kept>>,
    /// What is laid side by side: two at most.
    pub chosen: RwSignal<Vec<Chosen>>,
    steps: StoredValue<Steps>,
}

impl App {
    /// Remembers an answer.
    pub(super) fn note_answer(self, document: &Arc<Explanation>, request: &Request) {
        let form = self.form.get_untracked();
        // What was asked for may have changed on the way.
        let form = if answers(request, &form.cheap_request()) {
            form
        } else {
            Form::of_link(Link { request: request.clone(), model_sha256: None, view: View::default() })
        };
        self.session
            .history
            .update(|history| history.note(form, request.clone(), Arc::clone(document), js_sys::Date::now()));
    }

    /// Remembers what the form was before a change.
    pub(super) fn note_step(self, before: Form) {
        self.form.with_untracked(|after| {
            self.session.steps.update_value(|steps| steps.note(before, after, js_sys::Date::now()));
        });
    }

    /// Takes the last change of the form back, whatever it was of.
    pub fn step_back(self) {
        let Some(form) = self.session.steps.try_update_value(Steps::back).flatten() else { return };
        let intervention = form.intervention.clone();
        let is_changed = self.form.with_untracked(|now| now.intervention != intervention);
        self.form.set(form);
        let request = untrack(|| self.cheap_request());
        let found = self.session.history.with_untracked(|history| history.answer(&request).cloned());
        if self.shown.with_untracked(|shown| shown.request.as_ref() != found.as_ref().map(|past| &past.request))
            && let Some((document, asked)) = found.and_then(|past| Some((past.document?, past.request)))
        {
            self.bring_back(None, document, asked);
        } else {
            // Nothing is downloaded for that.
            let model = &request.model;
            if self.kept.with_untracked(|kept| kept.contains(model))
                || self.conductor.with_untracked(|conductor| conductor.loaded.as_ref() == Some(model))
            {
                self.ask(Ask::Cheap);
            }
        }
        self.save_soon();
        if is_changed {
            self.ask_changed();
        }
        self.hint.set(Some(say("history.undone").to_owned()));
    }

    /// Listens for the keys that take a change back, where no text is written.
    pub(super) fn listen_for_undo(self) {
        let handle = window_event_listener(leptos::ev::keydown, move |event| {
            let is_undo = (event.ctrl_key() || event.meta_key()) && !event.shift_key() && event.key() == "z";
            if is_undo && !browser::is_writing(&event) {
                event.prevent_default();
                self.step_back();
            }
        });
        on_cleanup(move || handle.remove());
    }

    // Shows an answer that was there before.
    fn bring_back(self, form: Option<Form>, document: Arc<Explanation>, request: Request) {
        if let Some(form) = form {
            let before = self.form.get_untracked();
            self.form.set(form);
            self.note_step(before);
        }
        // What was opened gives way to it.
        self.opened.set(crate::state::frozen::Opened::default());
        self.clear(self.pause);
        self.pending.set(false);
        self.hint.set(None);
        self.tell(Input::Forget);
        self.changed.set(None);
        self.shown.update(|shown| {
            // The engine has gone on: of this answer it has nothing any more.
            *shown = Shown { document, request: Some(request), number: shown.number + 1, id: None };
        });
        self.save_soon();
    }

    /// Goes back to a question: its answer at once where it is remembered, else it is asked again.
    pub fn open_past(self, key: u32) {
        let Some(past) = self.session.history.with_untracked(|history| history.get(key).cloned()) else { return };
        match past.document {
            Some(document) => self.bring_back(Some(past.form), document, past.request),
            None => self.edit(super::When::Cheap, |form| *form = past.form),
        }
    }

    /// Lays an answer beside another, or no longer.
    pub fn choose_past(self, key: u32) {
        let found = self.session.history.with_untracked(|history| history.get(key).cloned());
        if let Some((document, form)) = found.and_then(|past| Some((past.document?, past.form))) {
            self.choose(Chosen { row: format!("past {key}"), name: form.text, document });
        }
    }

    fn choose(self, one: Chosen) {
        self.session.chosen.update(|chosen| {
            let before = chosen.len();
            chosen.retain(|other| other.row != one.row);
            if chosen.len() == before {
                // The older one gives way.
                let more = chosen.len().saturating_sub(1);
                chosen.drain(..more);
                chosen.push(one);
            }
        });
    }

    /// Reads the list of what is kept.
    pub fn list_explanations(self) {
        leptos::task::spawn_local(async move {
            // Where there is no storage, nothing is kept.
            if let Ok(stored) = list_kept().await {
                let list = kept::list(&stored.as_string().unwrap_or_default());
                self.session.kept.set(list);
            }
        });
    }

    /// Keeps the explanation on the page under a name.
    pub fn keep(self, name: &str) {
        if self.session.kept.with_untracked(Vec::len) >= kept::MOST {
            self.notice.set(Some(fill("history.full", &[&kept::MOST])));
            return;
        }
        let (shown, asked) = self.shown.with_untracked(|shown| (Arc::clone(&shown.document), shown.request.clone()));
        let form = self.form.get_untracked();
        let request = asked.unwrap_or_else(|| form.cheap_request());
        // In the words of a link and as a file is saved, which the page writes and reads anyway.
        let link = match (Link { request, model_sha256: None, view: form.link(None).view }).encode() {
            Ok(link) => link,
            Err(error) => {
                self.notice.set(Some(error.to_string()));
                return;
            }
        };
        let at = js_sys::Date::now();
        let head = Kept {
            id: format!("{at}-{}", js_sys::Math::random()),
            name: kept::name(name, &shown.input.text),
            at,
            model: shown.model.title.clone(),
            link,
        };
        let mut file = browser::Download::new();
        if headlight_report::json(&kept::document(&shown), &mut file).is_err() {
            return;
        }
        let Ok(blob) = file.blob("application/json") else { return };
        leptos::task::spawn_local(async move {
            if put_kept(&head.to_json(), &blob).await.is_err() {
                self.notice.set(Some(say("history.refused").to_owned()));
            }
            self.list_explanations();
        });
    }

    /// Opens one that is kept.
    pub fn open_explanation(self, id: &str) {
        self.with_kept(id, move |head, document| {
            if let Ok(link) = Link::decode(&head.link) {
                let request = link.request.clone();
                self.bring_back(Some(Form::of_link(link)), document, request);
            }
        });
    }

    /// Lays one beside another, or no longer.
    pub fn choose_explanation(self, id: &str) {
        let row = format!("kept {id}");
        self.with_kept(id, move |head, document| self.choose(Chosen { row, name: head.name, document }));
    }

    /// Lets go of one.
    pub fn forget_explanation(self, id: String) {
        leptos::task::spawn_local(async move {
            if delete_kept(&id).await.is_err() {
                self.notice.set(Some(say("history.refused").to_owned()));
            }
            self.list_explanations();
        });
    }

    fn with_kept(self, id: &str, then: impl FnOnce(Kept, Arc<Explanation>) + 'static) {
        let found = self.session.kept.with_untracked(|all| all.iter().find(|one| one.id == id).cloned());
        let Some(head) = found else { return };
        leptos::task::spawn_local(async move {
            let stored = get_kept(&head.id).await.ok().and_then(|stored| stored.as_string()).unwrap_or_default();
            match serde_json::from_str(&stored) {
                Ok(document) => then(head, Arc::new(document)),
                Err(_) => self.notice.set(Some(say("history.lost").to_owned())),
            }
        });
    }
}
