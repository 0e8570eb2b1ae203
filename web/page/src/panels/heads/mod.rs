//! What heads and layers do: where each head looks, what it matters, what it writes, and what the target is on its way.

mod lens;
mod parts;
mod table;

use headlight_document::{HeadFigure, Heads};
use leptos::prelude::*;

use super::parts::{button, changing, paragraph, plain_button};
use crate::app::App;
use crate::state::compare::same_subject;
use crate::state::heads::{Table, kinds};

/// What can be ticked: the figure, its title, and what it says and costs.
const FIGURES: [(HeadFigure, &str, &str); 5] = [
    (
        HeadFigure::Profile,
        "Profile",
        "where each head looks and how much it matters by its gradient: one run forward and back",
    ),
    (HeadFigure::Lens, "Logit lens", "the target as it would be read after each layer: one run"),
    (HeadFigure::Direct, "Direct attribution", "the target’s logit as a sum over what heads and MLPs write: one run"),
    (HeadFigure::Ablation, "Ablation", "what the target loses without each head and each MLP: a run for each of them"),
    (HeadFigure::Induction, "Induction score", "heads of the model on random tokens said twice: four runs"),
];

/// The panel.
#[component]
pub fn HeadsPanel() -> impl IntoView {
    let app = App::get();
    let ticked = RwSignal::new(vec![HeadFigure::Profile, HeadFigure::Lens, HeadFigure::Direct]);
    let other = RwSignal::new(String::new());
    let request = move || {
        let patch = other.get();
        let patch = (!patch.trim().is_empty()).then_some(patch);
        app.form.with(|form| form.heads_request(ticked.get(), patch))
    };
    let found = Memo::new(move |_| {
        app.headed.with(|headed| headed.as_ref().and_then(|headed| headed.document.heads())).unwrap_or_default()
    });
    let is_stale = Memo::new(move |_| {
        let wanted = request();
        app.headed.with(|headed| headed.as_ref().is_some_and(|headed| !same_subject(&headed.request, &wanted)))
    });
    let kind = RwSignal::new(None);
    let all_kinds = Memo::new(move |_| found.with(kinds));
    let kind_now = Memo::new(move |_| {
        let kinds = all_kinds.get();
        kind.get().filter(|kind| kinds.contains(kind)).or_else(|| kinds.last().copied())
    });
    let table =
        Memo::new(move |_| kind_now.get().map(|kind| found.with(|found| Table::of(found, kind))).unwrap_or_default());
    let is_busy = Signal::derive(move || {
        let nothing = ticked.with(Vec::is_empty) && other.with(|other| other.trim().is_empty());
        nothing || app.conductor.with(|conductor| conductor.comparing().is_some())
    });
    let title = Signal::derive(move || {
        let is_there = app.headed.with(Option::is_some);
        if is_there { "Run again" } else { "Take the model apart" }.to_owned()
    });
    let run = move || app.compare(untrack(request));
    let tick = move |(figure, title, why): (HeadFigure, &'static str, &'static str)| {
        view! {
            <label class="tick" title=why>
                <input
                    type="checkbox"
                    data-testid=format!("head-figure-{}", figure.name())
                    prop:checked=move || ticked.with(|ticked| ticked.contains(&figure))
                    on:change=move |_| {
                        ticked.update(|ticked| match ticked.iter().position(|one| *one == figure) {
                            Some(at) => {
                                ticked.remove(at);
                            }
                            None => ticked.push(figure),
                        });
                    }
                />
                <span>{title}</span>
                <span class="caption">{why}</span>
            </label>
        }
    };
    view! {
        <section class="panel heads-panel" aria-labelledby="heads-title" data-testid="heads">
            <div class="panel-head"><h2 id="heads-title">"What heads and layers do"</h2></div>
            {paragraph(
                "caption",
                "Attention says where a head looks, not whether that matters. Here each part of the model is measured against the \
                 answer that is explained above.",
            )}
            <div class="head-ticks">{FIGURES.map(tick).collect_view()}</div>
            <label class="patch-line">
                <span>"Put the activations of another text into this one’s run"</span>
                <input
                    type="text"
                    data-testid="patch-text"
                    placeholder="a text of as many tokens, with one word changed"
                    prop:value=move || other.get()
                    on:input=move |event| other.set(event_target_value(&event))
                />
            </label>
            <div class="run-line">{button("small", "run-heads", title, is_busy, run)}</div>
            {changing(move || {
                is_stale.get().then(|| paragraph("caption layers-stale", "These are of an earlier question."))
            })}
            <div class:stale=is_stale data-testid="heads-found" data-there=move || app.headed.with(Option::is_some).to_string()>
                {changing(move || {
                    let kinds = all_kinds.get();
                    (kinds.len() > 1).then(|| parts::kind_switch(kinds, kind_now, kind))
                })}
                {table::table(app, table)}
                {changing(move || found.with(|found| found.lens.clone()).map(|lens| lens::lens(app, lens)))}
                {changing(move || found.with(|found| parts::rest(app, found)))}
                {changing(move || {
                    let is_there = found.with(|found| *found != Heads::default());
                    is_there.then(|| {
                        view! {
                            <div class="save-line" role="group" aria-label="Save the figures of heads">
                                {plain_button("small", "save-heads-csv", "Heads as CSV", move || {
                                    app.save_heads(Some(table.with_untracked(Table::csv)));
                                })}
                                {plain_button("small", "save-heads-json", "All as JSON", move || app.save_heads(None))}
                            </div>
                        }
                        .into_any()
                    })
                })}
            </div>
        </section>
    }
    .into_any()
}
