//! Leaving special tokens and sinks out of the pictures of attention.

use leptos::prelude::*;

use super::parts::{changing, segment};
use crate::app::App;
use crate::locale::{count, fill, say};
use crate::state::left_out::{LeftOut, Without, sinks};
use crate::state::pieces::named;

/// Two switches, and what they leave out in words.
#[component]
pub fn LeaveOut() -> impl IntoView {
    let app = App::get();
    let without = Memo::new(move |_| app.form.with(|form| form.without));
    let has_special = Memo::new(move |_| {
        app.shown.with(|shown| {
            let document = &shown.document;
            document.input.tokens.iter().any(|token| token.special)
                || document.output.tokens.iter().any(|token| token.special)
        })
    });
    let found = Memo::new(move |_| {
        let labels = app.labels.get();
        let name = |at: usize| format!("“{}”", named(&labels.1, at));
        let found: Option<Vec<String>> = app.attention(|_, attention| sinks(attention).into_iter().map(name).collect());
        found.unwrap_or_default()
    });
    let said = move || {
        let Without { special, sinks } = without.get();
        let mut out = Vec::with_capacity(2);
        if special && has_special.get() {
            let special = Without { special: true, sinks: false };
            let left_out = app.attention(|document, attention| LeftOut::of(document, attention, special));
            out.push(count("count.special_token", left_out.unwrap_or_default().columns.len()));
        }
        if sinks {
            let sinks = found.get();
            match sinks.is_empty() {
                true => out.push(say("leave_out.no_sink").to_owned()),
                false => out.push(fill("leave_out.sinks", &[&sinks.join(", ")])),
            }
        }
        (!out.is_empty()).then(|| fill("leave_out.said", &[&out.join("; ")]))
    };
    let special = move || {
        let turn =
            move || app.leave_out(Without { special: !without.get_untracked().special, ..without.get_untracked() });
        let is_out = move || without.get().special;
        let why = say("leave_out.special.title");
        has_special.get().then(|| segment("without-special", say("leave_out.special"), why, is_out, turn))
    };
    let turn = move || app.leave_out(Without { sinks: !without.get_untracked().sinks, ..without.get_untracked() });
    let why = say("leave_out.sinks.title");
    let sinks = segment("without-sinks", say("leave_out.sinks.button"), why, move || without.get().sinks, turn);
    view! {
        <div class="leave-out">
            <div class="segments" role="group" aria-label=say("leave_out.label")>
                {changing(special)}
                {sinks}
            </div>
            <p class="caption" data-testid="left-out" aria-live="polite">{said}</p>
        </div>
    }
}
