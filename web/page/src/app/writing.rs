//! Having the model write on.

use headlight_document::link::Written;
use headlight_document::message::{Command, Event};
use headlight_document::{Aside, Gaze, TargetSpec, Task, Token};
use leptos::prelude::*;

use super::{App, Ask, When, Writing};
use crate::browser;

impl App {
    /// Writes on after the text, or after what was written there.
    pub fn write_on(self) {
        if self.is_held() {
            browser::focus("opened-run");
            return;
        }
        let is_ready = self.conductor.with_untracked(|conductor| {
            self.form.with_untracked(|form| conductor.loaded.as_deref() == Some(form.model.as_str()))
        });
        if !is_ready {
            self.write_after.set_value(true);
            self.ask(Ask::Again);
            return;
        }
        let (model, text, sampling) =
            self.form.with_untracked(|form| (form.model.clone(), form.text.clone(), form.sampling));
        self.write(|writing| writing.go_on(&model, &text, sampling));
    }

    /// Writes where that was wanted before the model was there, and tells again what a link says was written.
    pub(super) fn resume_writing(self) {
        if self.write_after.get_value() {
            self.write_after.set_value(false);
            self.write_on();
            return;
        }
        let loaded = self.conductor.with_untracked(|conductor| conductor.loaded.clone());
        let Some(loaded) = loaded.filter(|_| !self.embeds && !self.is_held()) else { return };
        // Numbers that came with a document give way to those of the model here.
        let text = self.form.with_untracked(|form| form.text.clone());
        let is_thawed = |writing: &Writing| writing.is_frozen && writing.wrote(&loaded, &text).is_some();
        if self.writing.with_untracked(is_thawed) {
            self.writing.update(Writing::thaw);
        }
        // A frame has no place for it.
        if self.writing.with_untracked(|writing| writing.failed.is_none() && writing.waits_for(&loaded)) {
            self.write(Writing::tell_again);
        }
    }

    /// Takes what somebody shared of what a model wrote; what stands here already is no other.
    pub(super) fn take_written(self, model: &str, text: &str, written: Option<Written>) {
        let Some(written) = written else { return };
        let is_here = |here: Written| {
            let has = |way: &Aside| here.others.iter().any(|one| (one.after, &one.tokens) == (way.after, &way.tokens));
            (&here.tokens, &here.text) == (&written.tokens, &written.text) && written.others.iter().all(has)
        };
        if self.writing.with_untracked(|writing| writing.written(model, text)).is_some_and(is_here) {
            self.writing.update(|writing| writing.open = written.open);
            return;
        }
        // What is kept for the next visit stays until this is told again.
        self.replace_writing(Writing::of_link(model, text, written));
    }

    /// Puts something else in place of what was written here.
    pub(super) fn replace_writing(self, by: Writing) {
        for command in self.writing.try_update(|writing| writing.replace(by)).unwrap_or_default() {
            self.send(&command);
        }
    }

    /// What goes along in a link of what the model wrote.
    pub(super) fn written(self) -> Option<Written> {
        let (model, text) = self.form.with_untracked(|form| (form.model.clone(), form.text.clone()));
        self.writing.with_untracked(|writing| writing.written(&model, &text))
    }

    /// Takes another token at a step, and writes on from there.
    pub fn write_instead(self, step: usize, id: u32) {
        if !self.is_writer_ready() {
            // What was written at the last visit stands there before its model does.
            self.ask(Ask::Again);
            return;
        }
        let sampling = self.form.with_untracked(|form| form.sampling);
        self.write(|writing| writing.force(step, id, sampling));
    }

    /// Goes back to another way that was taken.
    pub fn write_other(self, other: usize) {
        self.write(|writing| writing.take(other));
    }

    /// Stops writing.
    pub fn stop_writing(self) {
        self.write(Writing::stop);
    }

    /// Opens a step, or closes it; what its token rests on is worked out where it is not known.
    pub fn open_step(self, step: Option<usize>) {
        self.writing.update(|writing| writing.open = step);
        self.save_soon();
        let is_still = |writing: &Writing| !writing.is_growing() && !writing.is_frozen;
        if step.is_some() && self.writing.with_untracked(is_still) {
            self.trace(step);
            // Who looked at one token's attention sees the next one's.
            if let Some(gaze) = self.writing.with_untracked(|writing| writing.gaze) {
                self.gaze(gaze);
            }
        }
    }

    /// Works out where the model looks as it writes each token.
    pub fn gaze(self, gaze: Gaze) {
        if self.is_writer_ready() {
            self.write(|writing| writing.look(gaze));
        }
    }

    /// Gives that up.
    pub fn stop_gazing(self) {
        self.write(Writing::stop_looking);
    }

    /// Whether the model that wrote is the one that is loaded; where that waits for a yes, it is asked for.
    fn is_writer_ready(self) -> bool {
        if self.is_held() {
            browser::focus("opened-run");
            return false;
        }
        self.writing.with_untracked(|writing| {
            let model = writing.from.as_ref().map(|(model, _)| model.as_str());
            self.conductor.with_untracked(|conductor| model.is_some() && conductor.loaded.as_deref() == model)
        })
    }

    /// Works out what the written tokens rest on: one, or all.
    pub fn trace(self, step: Option<usize>) {
        if self.is_writer_ready() {
            let read = self.form.with_untracked(|form| form.read);
            self.write(|writing| writing.trace(read, step));
        }
    }

    /// Gives up working that out.
    pub fn stop_tracing(self) {
        self.write(Writing::stop_tracing);
    }

    /// Explains why a token was written, or why rather than another: the text up to it becomes the question, with that token as the target.
    pub fn explain_step(self, step: usize, foil: Option<u32>) {
        let is_translation = self.form.with_untracked(|form| form.task == Task::Translate);
        let asked = self.writing.try_update(|writing| match is_translation {
            true => writing.question_of_translation(step),
            false => writing.question(step).map(|(text, id)| (text, id, Vec::new())),
        });
        let Some((text, id, begun)) = asked.flatten() else { return };
        self.edit(When::Now, |form| {
            form.set_text(text);
            form.begun = begun;
            let token = Some(Token::Id(id));
            form.set_target(match is_translation {
                true => TargetSpec::Output { token, step: Some(step) },
                false => TargetSpec::Next(token),
            });
            form.foil = foil.map(Token::Id);
        });
    }

    /// Makes the text that is gone on with the question again.
    pub fn back_to_prompt(self) {
        if let Some((_, text)) = self.writing.with_untracked(|writing| writing.from.clone()) {
            self.edit(When::Cheap, |form| form.set_text(text));
        }
    }

    pub(super) fn heard_writing(self, event: Event) {
        // Rows of the triangle and what is under way are not kept.
        let is_kept = !matches!(event, Event::Traced { .. } | Event::Wrote { .. } | Event::Explained { .. });
        let is_whole = matches!(event, Event::Generated { .. });
        let is_told_again = self.writing.with_untracked(Writing::is_told_again);
        self.writing.update(|writing| {
            writing.hear(event);
        });
        let (is_growing, open) = self.writing.with_untracked(|writing| (writing.is_growing(), writing.open));
        if is_told_again && !is_growing && open.is_some() {
            self.trace(open);
        }
        if is_whole {
            // Then the other ways that a link has.
            self.resume_writing();
        }
        if is_kept {
            self.keep_writing();
        }
    }

    /// Brings back what was written at the last visit.
    pub(super) fn recall_writing(self) {
        if let Some(writing) = browser::recall("writing").as_deref().and_then(Writing::of_kept) {
            self.writing.set(writing);
        }
    }

    // Whole ways alone: a page that is closed while something is written has what stood there before.
    fn keep_writing(self) {
        let kept = self.writing.with_untracked(|writing| {
            // What somebody shared takes the place of the reader's own once it is told here.
            let is_own = !writing.is_growing() && !writing.is_frozen && writing.linked.is_empty();
            is_own.then(|| writing.kept())
        });
        if let Some(kept) = kept {
            browser::remember("writing", &kept);
            self.save_soon();
        }
    }

    pub(super) fn write(self, change: impl FnOnce(&mut Writing) -> Vec<Command>) {
        for command in self.writing.try_update(change).unwrap_or_default() {
            self.send(&command);
        }
        self.keep_writing();
    }
}
