//! A person's own rationale: the words that the answer should rest on, marked with the pointer or the keyboard.

use leptos::ev;
use leptos::prelude::*;

use crate::app::{App, When};
use crate::browser;
use crate::locale::{count, fill, say};
use crate::panels::parts::{changing, paragraph, plain_button, text};
use crate::state::marks;
use crate::state::pieces::{pieces, visible};

/// The switch, and the text to mark.
pub fn rationale(app: App) -> AnyView {
    let is_open = RwSignal::new(false);
    // Marks are places in the text of the form; its tokens are those of the last answer.
    let is_read = Memo::new(move |_| {
        app.form.with(|form| {
            app.shown.with(|shown| {
                let input = &shown.document.input;
                let second = form.task.second_text().map(|_| form.second_text.as_str());
                input.text == form.text && input.second_text.as_deref() == second
            })
        })
    });
    let many = Memo::new(move |_| {
        app.shown.with(|shown| {
            let places = shown.document.input.places();
            app.form.with(|form| marks::marked(&places, &form.marks).into_iter().filter(|&mark| mark).count())
        })
    });
    let clear = move || app.edit(When::Never, |form| form.marks.clear());
    let said = move || match many.get() {
        0 => say("methods.rationale.ask").to_owned(),
        many => fill("methods.rationale.marked", &[&count("count.token", many)]),
    };
    let pressed = Signal::derive(move || is_open.get().to_string());
    let open = move || match (is_open.get(), is_read.get()) {
        (false, _) => None,
        (true, true) => Some(strip(app, is_open)),
        (true, false) => Some(paragraph("caption", say("methods.rationale.later"))),
    };
    view! {
        <div class="rationale">
            <div class="rationale-head">
                <button type="button" class="small" data-testid="rationale" aria-pressed=pressed
                    on:click=move |_| is_open.update(|open| *open = !*open)>
                    {say("methods.rationale.mark")}
                </button>
                <span class="caption" data-testid="rationale-count" role="status">{text(said)}</span>
                {changing(move || {
                    (many.get() > 0).then(|| plain_button("quiet", "rationale-clear", say("methods.rationale.clear"), clear))
                })}
            </div>
            {changing(open)}
        </div>
    }
    .into_any()
}

fn strip(app: App, is_open: RwSignal<bool>) -> AnyView {
    let parts = app.shown.with_untracked(|shown| {
        let input = &shown.document.input;
        let names = input.tokens.iter().map(|token| visible(&token.text));
        pieces(input).into_iter().zip(names).collect::<Vec<_>>()
    });
    let places = app.shown.with_untracked(|shown| shown.document.input.places());
    let can = StoredValue::new(places.iter().map(Option::is_some).collect::<Vec<_>>());
    let first = places.iter().position(Option::is_some).unwrap_or(0);
    let marked = Memo::new(move |_| app.form.with(|form| marks::marked(&places, &form.marks)));
    let is_marked = move |at: usize| marked.with(|marked| marked.get(at).copied().unwrap_or_default());
    let paint = move |from: usize, to: usize, on: bool| {
        app.shown.with_untracked(|shown| {
            app.edit(When::Never, |form| marks::paint(&shown.document.input, &mut form.marks, from, to, on));
        });
    };
    // The token that the Tab key reaches, and where a range begins.
    let active = RwSignal::new(first);
    let anchor = RwSignal::new(first);
    // Where a drag began, and whether it marks or takes marks away.
    let drag = RwSignal::new(None::<(usize, bool)>);
    let under = |event: &ev::PointerEvent| {
        browser::under(event.client_x(), event.client_y(), "data-mark")?.parse::<usize>().ok()
    };
    let go = move |to: usize| {
        active.set(to);
        browser::focus(&format!("mark-{to}"));
    };
    // The next token that can be marked.
    let next = move |from: usize, forward: bool| {
        can.with_value(|can| {
            let mut all = can.iter().enumerate().filter(|(_, can)| **can).map(|(at, _)| at);
            if forward { all.find(|&at| at > from) } else { all.take_while(|&at| at < from).last() }
        })
        .unwrap_or(from)
    };
    let on_key = move |event: ev::KeyboardEvent| {
        let here = active.get_untracked();
        match event.key().as_str() {
            " " | "Enter" if !(event.ctrl_key() || event.meta_key()) => {
                anchor.set(here);
                paint(here, here, !untrack(|| is_marked(here)));
            }
            key @ ("ArrowRight" | "ArrowDown" | "ArrowLeft" | "ArrowUp") => {
                let to = next(here, matches!(key, "ArrowRight" | "ArrowDown"));
                if event.shift_key() {
                    paint(anchor.get_untracked(), to, true);
                } else {
                    anchor.set(to);
                }
                go(to);
            }
            "Home" => go(first),
            "End" => go(next(usize::MAX, false)),
            "Escape" => is_open.set(false),
            _ => return,
        }
        event.prevent_default();
    };
    view! {
        <div
            class="flow mark-strip"
            dir="auto"
            data-testid="mark-strip"
            role="listbox"
            aria-multiselectable="true"
            aria-label=say("methods.rationale.label")
            on:keydown=on_key
            on:pointerdown=move |event| {
                if let Some(at) = under(&event) {
                    let on = !untrack(|| is_marked(at));
                    drag.set(Some((at, on)));
                    active.set(at);
                    anchor.set(at);
                    paint(at, at, on);
                }
            }
            on:pointermove=move |event| {
                if let (Some((from, on)), Some(to)) = (drag.get_untracked(), under(&event))
                    && active.get_untracked() != to
                {
                    active.set(to);
                    paint(from, to, on);
                }
            }
            on:pointerup=move |_| drag.set(None)
            on:pointercancel=move |_| drag.set(None)
            on:pointerleave=move |_| drag.set(None)
        >
            {parts
                .into_iter()
                .enumerate()
                .map(|(at, (piece, name))| {
                    if !can.with_value(|can| can.get(at).copied().unwrap_or_default()) {
                        return view! { {piece.gap} <span class="token special">{piece.text}</span> }.into_any();
                    }
                    view! {
                        {piece.gap}
                        <span
                            id=format!("mark-{at}")
                            class="token"
                            class:marked=Signal::derive(move || is_marked(at))
                            role="option"
                            aria-selected=Signal::derive(move || is_marked(at).to_string())
                            aria-label=name
                            tabindex=Signal::derive(move || if active.get() == at { "0" } else { "-1" }.to_owned())
                            data-mark=at.to_string()
                            on:focus=move |_| active.set(at)
                        >
                            {piece.text}
                        </span>
                    }
                    .into_any()
                })
                .collect_view()}
        </div>
        {paragraph("caption", say("methods.rationale.how"))}
    }
    .into_any()
}
