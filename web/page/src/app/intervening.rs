//! Changing the model by click, and taking it back.

use headlight_document::Intervention;
use leptos::prelude::*;

use super::{App, When};

/// How many changes can be taken back.
const UNDONE: usize = 100;

impl App {
    /// Changes something of the model, and asks what it answers then.
    pub fn intervene(self, change: impl FnOnce(&mut Intervention)) {
        let before = self.form.with_untracked(|form| form.intervention.clone());
        self.undo.update_value(|undo| {
            undo.push(before);
            let more = undo.len().saturating_sub(UNDONE);
            undo.drain(..more);
        });
        self.edit(When::Never, |form| change(&mut form.intervention));
        self.ask_changed();
    }

    /// Takes the last change back.
    pub fn undo(self) {
        if let Some(before) = self.undo.try_update_value(Vec::pop).flatten() {
            self.edit(When::Never, |form| form.intervention = before);
            self.ask_changed();
        }
    }

    /// Asks what the model answers with what is changed of it, where something is.
    pub(super) fn ask_changed(self) {
        if self.form.with_untracked(|form| form.intervention.is_empty()) {
            self.changed.set(None);
            return;
        }
        let request = self.form.with_untracked(crate::state::form::Form::changed_request);
        self.compare(request);
    }
}
