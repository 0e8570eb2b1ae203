//! Asking the same of a text in which something was changed.

use headlight_document::Request;
use leptos::prelude::*;

use super::App;
use crate::state::counterfactual::{self, Asked};

impl App {
    /// Asks about another text what the page shows of its own.
    pub fn ask_other(self, text: &str) {
        let request = self.shown.with_untracked(|shown| {
            let asked = shown.request.clone().unwrap_or_else(|| self.form.with_untracked(|form| form.cheap_request()));
            counterfactual::request(&shown.document, &asked, text)
        });
        self.other_asked.set_value(Some(request.clone()));
        self.compare(request);
    }

    /// Whether an answer is to that.
    pub(super) fn is_of_other(self, request: &Request) -> bool {
        self.other_asked.with_value(|asked| asked.as_ref() == Some(request))
    }

    /// Asks what else the model itself would say in a place; whether it could be asked.
    pub fn suggest_word(self, asked: &Asked) -> bool {
        let model = self.shown.with_untracked(|shown| shown.document.model.id.clone());
        let is_ready = self.conductor.with_untracked(|conductor| conductor.loaded.as_deref() == Some(&*model));
        if is_ready {
            self.write(|writing| match asked {
                Asked::After(before) => writing.suggest(&model, before),
                Asked::Filled(request) => writing.suggest_filled((**request).clone()),
            });
        }
        is_ready
    }
}
