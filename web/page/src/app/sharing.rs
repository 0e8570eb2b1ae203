//! What others shared, and what is shared: links that wait for a yes, frozen explanations, and the fragments for both.

use std::sync::Arc;

use headlight_document::frozen::OpenMap;
use headlight_document::link::View;
use headlight_document::{Explanation, Frozen, Whose};
use js_sys::Array;
use leptos::prelude::*;
use wasm_bindgen::{JsCast, JsValue};

use super::{App, Ask, Listing, Shown, Writing};
use crate::browser;
use crate::locale::{fill, say};
use crate::state::conductor::Input;
use crate::state::form;
use crate::state::format::megabytes;
use crate::state::frozen::{self, Kept, Left, MAX_FILE_BYTES, Opened, Unreadable};

impl App {
    /// Whether a question has to wait until the reader has said that it may be run.
    pub(super) fn is_held(self) -> bool {
        self.opened.with_untracked(|opened| opened.waits)
    }

    /// Whether a model needs no download.
    pub fn is_here(self, model: &str) -> bool {
        self.kept.with(|kept| kept.contains(model))
            || self.conductor.with(|conductor| conductor.loaded.as_deref() == Some(model))
    }

    /// Asks a link's question, once the list of models is here; or says what that would cost, and waits.
    pub(super) fn ask_linked(self) {
        let Listing::Ready(manifest) = self.listing.get_untracked() else { return };
        let Some(sha256) = self.linked.try_update(Option::take).flatten() else { return };
        let model = self.form.with_untracked(|form| form.model.clone());
        if self.entry_now(&model).is_none() {
            let is_kept = browser::recall(&format!("kept.{model}")).is_some();
            if self.embeds {
                // A frame has no place to look a model up.
                return;
            }
            if self.invite(&model) {
                self.opened.update(|opened| opened.waits = !is_kept);
            } else {
                self.notice.set(Some(fill("share.cost.none", &[&crate::state::pieces::label(&model, 40)])));
                self.opened.set(Opened::default());
                self.choose_first();
            }
            return;
        }
        // A frame in somebody's page runs nothing unasked.
        let is_here = !self.embeds && untrack(|| self.is_here(&model));
        let differs = form::differs(&manifest, &model, sha256.as_deref());
        self.opened.update(|opened| {
            opened.differs = differs;
            // Other numbers than those that were shared are shown to nobody who has not read that they are.
            opened.waits = !is_here || differs;
        });
        if is_here && !differs {
            self.ask(Ask::Cheap);
        }
    }

    /// The reader says that what was opened may be run here.
    pub fn agree(self) {
        let model = self.form.with_untracked(|form| form.model.clone());
        if self.entry_now(&model).is_none() {
            if !self.invite(&model) {
                self.notice.set(Some(fill("share.cost.none", &[&crate::state::pieces::label(&model, 40)])));
            }
            return;
        }
        self.run_opened();
    }

    /// Runs what was opened; of a frozen explanation all that it has.
    pub(super) fn run_opened(self) {
        let is_frozen = self.opened.with_untracked(|opened| opened.frozen.is_some());
        self.opened.update(|opened| opened.waits = false);
        self.ask(if is_frozen { Ask::Again } else { Ask::Cheap });
    }

    /// Lets go of what was opened. A frozen explanation that still stands there is one that was computed earlier.
    pub fn let_go(self) {
        if self.opened.with_untracked(|opened| opened.frozen.is_some()) {
            self.shown.update(|shown| shown.request = None);
        }
        if !self.opened.with_untracked(Opened::is_empty) {
            self.opened.set(Opened::default());
        }
    }

    /// Shows a frozen explanation. Nothing is asked of an engine for it.
    pub(super) fn show_frozen(self, frozen: Frozen, file: Option<String>) {
        let Frozen { mut document, view, open, amount, is_cut, told } = frozen;
        self.tell(Input::Cancel);
        self.stop_writing();
        self.clear(self.pause);
        self.pending.set(false);
        self.hint.set(None);
        self.handover.set(None);
        self.linked.set(None);
        let (written, wrote) = (view.written.clone(), document.written.take());
        let form = frozen::form_of(&document, view);
        // Whichever of its methods is chosen, it answers that.
        let mut request = form.request();
        let others = document.attributions.iter().map(|one| one.method);
        request.methods.extend(others.filter(|method| !form.methods().contains(method)));
        let comparison = form.comparison();
        let document = Arc::new(document);
        let part = |is_there: bool, request| {
            is_there.then(|| crate::state::compare::Compared { document: Arc::clone(&document), request })
        };
        let left = Left { amount, is_cut, told };
        let kept = Kept { file, left, open: open.map(Arc::new) };
        let sha256 = Some(document.model.sha256.clone());
        self.opened.set(Opened { sha256, waits: true, frozen: Some(kept), ..Opened::default() });
        self.compared.set(part(document.faithfulness.is_some(), comparison));
        self.headed.set(part(document.heads.is_some(), form.heads_request()));
        self.layered.set(part(!document.layers.is_empty(), form.layer_request()));
        self.changed.set(part(document.changed.is_some(), form.changed_request()));
        self.estimate.set(None);
        match wrote {
            Some(wrote) => self.replace_writing(Writing::of_document(&form.model, *wrote)),
            None => self.take_written(&form.model, &form.text, written),
        }
        self.form.set(form);
        self.shown.update(|shown| {
            let number = shown.number + 1;
            *shown = Shown { document, request: Some(request), number, id: None };
        });
    }

    /// The fragment of a frozen link to the explanation on the page, and how much of its attention that has; with whether
    /// figures are left out, and how much of what was written. None where it is too large.
    pub fn frozen_link(self) -> Option<(String, Left)> {
        let link = self.form.with_untracked(|form| form.link(None));
        let (mut document, kept) = untrack(|| {
            (
                self.shown.with(|shown| Explanation::clone(&shown.document)),
                self.opened.with(|opened| opened.frozen.clone()),
            )
        });
        let method = self.form.with_untracked(|form| form.method);
        let method = document.attributions.iter().position(|one| one.method == method).unwrap_or(0);
        let head = untrack(|| self.open_head());
        let view = View { method, head, written: self.written(), ..link.view };
        document.written = self.wrote(&document).map(Box::new);
        let open = head.and_then(|head| untrack(|| self.open_map(head)));
        let mut frozen = Frozen::of(document, view, open);
        if let Some(kept) = kept {
            frozen.amount = kept.left.amount;
            frozen.is_cut |= kept.left.is_cut;
            frozen.told = kept.left.told;
        }
        let is_cut = frozen.is_cut;
        frozen.encode().ok().map(|(fragment, amount, told)| (fragment, Left { amount, is_cut, told }))
    }

    // The open head's map as it is at hand, whole and with nothing left out.
    fn open_map(self, (layer, head): (usize, usize)) -> Option<OpenMap> {
        let is_plain = self.form.with(|form| form.without) == crate::state::left_out::Without::default();
        let kind = self.attention(|_, attention| attention.kind)?;
        let values = self.exact(Whose::Head(layer, head), <[f32]>::to_vec).filter(|_| is_plain)?;
        Some(OpenMap { kind, layer, head, values })
    }

    /// Opens what a person chose or dropped, where it is one saved explanation. `otherwise` takes what is none.
    pub fn open_file(self, files: &JsValue, otherwise: impl FnOnce(Array) + 'static) {
        let files = Array::from(files);
        let only = (files.length() == 1).then(|| files.get(0).dyn_into::<web_sys::File>().ok()).flatten();
        let Some(file) = only.filter(|file| file.name().to_lowercase().ends_with(".json")) else {
            otherwise(files);
            return;
        };
        let name = crate::state::pieces::label(&file.name(), 60);
        if file.size() > MAX_FILE_BYTES as f64 {
            self.notice.set(Some(fill("share.file.large", &[&name, &megabytes(MAX_FILE_BYTES as u64)])));
            return;
        }
        leptos::task::spawn_local(async move {
            let Some(text) = browser::read_text(&file).await else {
                self.notice.set(Some(fill("share.file.unread", &[&name])));
                return;
            };
            match frozen::read(&text) {
                None => otherwise(files),
                Some(Err(Unreadable::Damaged)) => self.notice.set(Some(fill("share.file.damaged", &[&name]))),
                Some(Err(Unreadable::Faulty(why))) => self.notice.set(Some(fill("share.file.faulty", &[&name, &why]))),
                Some(Ok(document)) => {
                    self.panel.set(false);
                    self.notice.set(None);
                    browser::set_fragment("");
                    self.show_frozen(frozen::of_file(document), Some(name));
                }
            }
        });
    }

    /// Copies something; where the browser refuses, a sentence says where it is to be had.
    pub fn copy(self, text: String, done: RwSignal<bool>) {
        leptos::task::spawn_local(async move {
            if browser::copy(&text).await {
                done.set(true);
                set_timeout(move || done.set(false), std::time::Duration::from_secs(3));
            } else {
                self.notice.set(Some(say("top.share.refused").to_owned()));
            }
        });
    }
}
