//! Looking closer at attention: what is on the screen is asked of the engine, and kept while it is looked at.

use headlight_document::message::Event;
use headlight_document::{Attention, Tile, Whose};
use leptos::prelude::*;

use super::{App, When};
use crate::state::attention::chosen;
use crate::state::inside::{Inside, Known, Place};
use crate::state::left_out::{LeftOut, Without};
use crate::state::sight::{Picture, Sight, Viewer};

impl App {
    /// Begins anew with each answer, each kind of attention, and each choice of what is left out.
    pub(super) fn watch_sight(self) {
        let subject = Memo::new(move |_| {
            let without = self.form.with(|form| form.without);
            (self.shown.with(|shown| (shown.number, shown.id)), self.kind.get(), without)
        });
        Effect::new(move |_| {
            let ((number, id), kind, without) = subject.get();
            self.shown.with_untracked(|shown| {
                let Some(attention) = chosen(&shown.document.attention, kind) else { return };
                let left_out = LeftOut::of(&shown.document, attention, without);
                // A frozen explanation may have the open head's map by itself.
                let open = self.opened.with_untracked(|opened| opened.frozen.as_ref()?.open.clone());
                self.sight.update(|sight| {
                    *sight = std::mem::take(sight).begin(number, id, attention, left_out);
                    if let Some(open) = open {
                        sight.give(attention, &open);
                    }
                });
            });
        });
    }

    /// Asks for maps in as much detail as `viewer` shows them, where that is more than is at hand.
    pub fn see(self, viewer: Viewer, wanted: &[Tile]) {
        // Who asks reads what is at hand: it is told again only where that is more now.
        let wish = |attention: &_| {
            let told = self.sight.try_update_untracked(|sight| {
                let before = sight.count();
                (sight.wish(attention, viewer, wanted), sight.count() != before)
            });
            let (commands, is_more) = told.unwrap_or_default();
            if is_more {
                self.sight.notify();
            }
            commands
        };
        for command in untrack(|| self.attention(|_, attention| wish(attention))).unwrap_or_default() {
            self.send(&command);
        }
    }

    /// Leaves special tokens or sinks out of all pictures of attention, or no longer.
    pub fn leave_out(self, without: Without) {
        self.edit(When::Never, |form| form.without = without);
    }

    /// Reads the finest picture of a map that is at hand.
    pub fn picture<T>(self, whose: Whose, read: impl FnOnce(Picture<'_>) -> T) -> Option<T> {
        self.in_sight(|attention, sight| sight.picture(attention, whose).map(read))
    }

    /// Reads every weight of a map, row-major, where all are at hand.
    pub fn exact<T>(self, whose: Whose, read: impl FnOnce(&[f32]) -> T) -> Option<T> {
        self.in_sight(|attention, sight| sight.exact(attention, whose).map(read))
    }

    // What is at hand of another answer is of no use for a moment.
    fn in_sight<T>(self, read: impl FnOnce(&Attention, &Sight) -> Option<T>) -> Option<T> {
        let number = self.shown.with(|shown| shown.number);
        self.attention(|_, attention| {
            self.sight.with(|sight| if sight.answer() == number { read(attention, sight) } else { None })
        })
        .flatten()
    }

    /// Asks for the queries and keys of a head, unless they are here.
    pub fn look_inside(self, place: Place) {
        let of = self.shown.with_untracked(|shown| shown.id);
        if self.inside.with_untracked(|inside| *inside.of(place) != Known::Nothing) {
            return;
        }
        for command in self.inside.try_update(|inside| inside.turn(place, of)).unwrap_or_default() {
            self.send(&command);
        }
    }

    /// Gives up what was asked for of a head.
    pub fn look_away(self) {
        for command in self.inside.try_update(Inside::leave).unwrap_or_default() {
            self.send(&command);
        }
    }

    pub(super) fn heard_inside(self, event: Event) {
        self.inside.update(|inside| {
            inside.hear(event);
        });
    }

    /// Takes what the engine says of maps that were looked at.
    pub(super) fn looked(self, event: Event) {
        self.sight.update(|sight| match event {
            Event::Looked { id, seen } => sight.hear(id, seen),
            Event::Failed { id, failure } => sight.refuse(id, &failure.message),
            Event::Progress { id, done, total, .. } => sight.advance(id, done, total),
            // What was given up is waited for by nobody.
            _ => {}
        });
    }
}
