//! Leaving special tokens and sinks out of the pictures of attention.

use leptos::prelude::*;

use crate::app::App;
use crate::state::pieces::visible;
use crate::state::sight::{Without, sinks};
use crate::state::words::count;

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
        app.attention(|document, attention| {
            let (_, names) = crate::state::attention::axes(document, attention);
            let name = |at: usize| names.get(at).map_or_else(|| at.to_string(), |text| visible(text));
            sinks(attention).into_iter().map(|at| format!("“{}”", name(at))).collect::<Vec<_>>()
        })
        .unwrap_or_default()
    });
    let said = move || {
        let Without { special, sinks } = without.get();
        let mut out = Vec::with_capacity(2);
        if special && has_special.get() {
            let columns = app.sight.with(|sight| sight.left_out().columns.len());
            let others = if sinks { found.get().len() } else { 0 };
            out.push(count(columns.saturating_sub(others), "special token"));
        }
        if sinks {
            let sinks = found.get();
            match sinks.is_empty() {
                true => out.push("no sink, since no token gets more than 0.3 of all attention".to_owned()),
                false => out.push(format!("{}, which more than 0.3 of all attention goes to", sinks.join(", "))),
            }
        }
        (!out.is_empty()).then(|| {
            format!(
                "Left out of these pictures: {}. The rest of each row is scaled to sum to one again.",
                out.join("; ")
            )
        })
    };
    let switch = move |name: &'static str, title: &'static str, why: &'static str, of: fn(Without) -> bool| {
        let turn = move |_| {
            let Without { special, sinks } = without.get_untracked();
            app.leave_out(match name {
                "special" => Without { special: !special, sinks },
                _ => Without { special, sinks: !sinks },
            });
        };
        view! {
            <button
                type="button"
                class="segment"
                title=why
                data-testid=format!("without-{name}")
                aria-pressed=move || of(without.get()).to_string()
                on:click=turn
            >
                {title}
            </button>
        }
    };
    view! {
        <div class="leave-out">
            <div class="segments" role="group" aria-label="Leave out of the pictures">
                {move || {
                    has_special
                        .get()
                        .then(|| {
                            switch(
                                "special",
                                "Without special tokens",
                                "Leaves out tokens that stand for no text, such as [CLS] and [SEP].",
                                |without| without.special,
                            )
                        })
                }}
                {switch(
                    "sinks",
                    "Without sinks",
                    "Leaves out tokens that get more than 0.3 of all attention, whatever the text says (Gu et al. 2024).",
                    |without| without.sinks,
                )}
            </div>
            <p class="caption" data-testid="left-out" aria-live="polite">{said}</p>
        </div>
    }
}
