//! What is changed of the model, and what it answers before and after.

use leptos::prelude::*;

use super::parts::{Part, changing, plain_button, subheading, written};
use crate::app::App;
use crate::locale::{fill, say};
use crate::state::compare::same_subject;
use crate::state::format::{number, percent, signed};
use crate::state::intervene::{Compared, compared, scale, toggle_hidden, words};
use crate::state::pieces::visible;

/// The changes, each to be taken back, and both answers. Nothing where nothing is changed.
pub fn changed(app: App) -> AnyView {
    let is_there = Memo::new(move |_| app.form.with(|form| !form.intervention.is_empty()));
    let chips = move || {
        let intervention = app.form.with(|form| form.intervention.clone());
        let (has_kinds, names) = app.shown.with(|shown| {
            let names: Vec<String> = shown.document.input.tokens.iter().map(|token| visible(&token.text)).collect();
            (shown.document.attention.len() > 1, names)
        });
        let chip = |said: String, take: Box<dyn Fn()>| {
            view! {
                <li>
                    <span>{said.clone()}</span>
                    <button type="button" class="quiet" aria-label=fill("changed.take_back", &[&said]) on:click=move |_| take()>
                        "✕"
                    </button>
                </li>
            }
        };
        let parts = intervention.scaled.into_iter().map(|part| {
            let back = headlight_document::Scaled { percent: 100, ..part };
            chip(words(&part, has_kinds), Box::new(move || app.intervene(|all| scale(all, back))))
        });
        let hidden = intervention.hidden.into_iter().map(|token| {
            let name = names.get(token).cloned().unwrap_or_default();
            let said = fill("changed.hidden", &[&token, &name]);
            chip(said, Box::new(move || app.intervene(|all| toggle_hidden(all, token))))
        });
        parts.chain(hidden).collect_view()
    };
    let answers = move |part: &Part| {
        let wanted = app.form.with(|form| form.changed_request());
        app.changed.with(|found| {
            let found = found.as_ref().filter(|found| found.request.intervention == wanted.intervention);
            let Some(found) = found.filter(|found| same_subject(&found.request, &wanted)) else {
                part.add("p", &[("class", "caption"), ("role", "status")], say("changed.asking"));
                return;
            };
            let Some(changed) = &found.document.changed else { return };
            let document = &found.document;
            let target = fill(
                "changed.target",
                &[&visible(&document.target.text), &number(document.target.value), &number(changed.value)],
            );
            let delta = changed.value - document.target.value;
            let attributes =
                [("class", "readout"), ("data-testid", "changed-target"), ("data-delta", &*delta.to_string())];
            part.add("p", &attributes, &target);
            if changed.top.is_empty() {
                return;
            }
            let heads = [say("changed.before"), say("changed.after"), say("changed.change")];
            let lines = compared(&document.output.top, &changed.top);
            answer_table(part, "changed-table", say("changed.table"), heads, &lines);
        });
    };
    let all = move || {
        view! {
            <section class="changed" aria-labelledby="changed-title" data-testid="changed">
                <div class="panel-head">
                    {subheading(Some("changed-title"), "", say("changed.title"))}
                    {plain_button("quiet", "undo", say("changed.undo"), move || app.undo())}
                    {plain_button("quiet", "clear-changes", say("changed.clear"), move || app.intervene(|all| *all = Default::default()))}
                </div>
                <ul class="chips" data-testid="changes">{chips}</ul>
                {written("", answers)}
            </section>
        }
        .into_any()
    };
    changing(move || is_there.get().then(all))
}

/// The candidates of two answers and how their probabilities differ, in points, as a table; nothing where there are none.
pub fn answer_table(part: &Part, name: &str, title: &str, heads: [&str; 3], all: &[Compared]) {
    if all.is_empty() {
        return;
    }
    let table = part.add_table("table-box figures", name, title);
    table.add_heads(std::iter::once(say("changed.entry")).chain(heads).map(str::to_owned));
    let lines = table.add("tbody", &[], "");
    for one in all {
        let text = |share: Option<f64>| share.map_or_else(|| "–".to_owned(), percent);
        let change = one.before.zip(one.after).map(|(before, after)| signed((after - before) * 100.0));
        let cells = [text(one.before), text(one.after), change.unwrap_or_default()];
        lines.add_line(&visible(&one.text), cells.into_iter());
    }
}
