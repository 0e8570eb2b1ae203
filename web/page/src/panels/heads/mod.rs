//! What heads and layers do: where each head looks, what it matters, what it writes, and what the target is on its way.

mod lens;
mod order;
mod parts;
mod table;
mod texts;

use headlight_document::{HeadFigure, Heads};
use leptos::prelude::*;

use super::parts::{button, changing, heading, paragraph, plain_button};
use crate::app::{App, When};
use crate::locale::say;
use crate::state::apart::viewed;
use crate::state::compare::same_subject;
use crate::state::form::Form;
use crate::state::heads::{Table, kinds};

/// What can be ticked: the figure, and the keys of its title and of what it says and costs.
const FIGURES: [(HeadFigure, &str, &str); 5] = [
    (HeadFigure::Profile, "heads.profile", "heads.profile.why"),
    (HeadFigure::Lens, "heads.lens", "heads.lens.why"),
    (HeadFigure::Direct, "heads.direct", "heads.direct.why"),
    (HeadFigure::Ablation, "heads.ablation", "heads.ablation.why"),
    (HeadFigure::Induction, "heads.induction", "heads.induction.why"),
];

/// The panel.
#[component]
pub fn HeadsPanel() -> impl IntoView {
    let app = App::get();
    let found = Memo::new(move |_| {
        app.headed.with(|headed| headed.as_ref().and_then(|headed| headed.document.heads())).unwrap_or_default()
    });
    let is_stale = Memo::new(move |_| {
        let wanted = app.form.with(Form::cheap_request);
        app.headed.with(|headed| headed.as_ref().is_some_and(|headed| !same_subject(&headed.request, &wanted)))
    });
    let kind = RwSignal::new(None);
    let all_kinds = Memo::new(move |_| found.with(kinds));
    let kind_now = Memo::new(move |_| {
        let kinds = all_kinds.get();
        kind.get().filter(|kind| kinds.contains(kind)).or_else(|| kinds.last().copied())
    });
    let is_over = Memo::new(move |_| found.with(|found| found.over_texts.is_some()));
    let wants_over = RwSignal::new(true);
    let over = Memo::new(move |_| is_over.get() && wants_over.get());
    let table = Memo::new(move |_| {
        let kind = kind_now.get();
        kind.map(|kind| found.with(|found| Table::of(&viewed(found, over.get()), kind))).unwrap_or_default()
    });
    let is_busy = Signal::derive(move || {
        let nothing = app.form.with(|form| form.apart.is_empty());
        nothing || app.conductor.with(|conductor| conductor.comparing().is_some())
    });
    let title = Signal::derive(move || {
        let is_there = app.headed.with(Option::is_some);
        if is_there { say("heads.again") } else { say("heads.run") }.to_owned()
    });
    let tick = move |(figure, title, why): (HeadFigure, &'static str, &'static str)| {
        view! {
            <label class="tick" title=say(why)>
                <input
                    type="checkbox"
                    data-testid=format!("head-figure-{}", figure.name())
                    prop:checked=move || app.form.with(|form| form.apart.figures.contains(&figure))
                    on:change=move |_| app.edit(When::Never, |form| form.apart.toggle(figure))
                />
                <span>{say(title)}</span>
                <span class="caption">{say(why)}</span>
            </label>
        }
    };
    view! {
        <section class="panel heads-panel" aria-labelledby="heads-title" data-testid="heads">
            <div class="panel-head">{heading("heads-title", say("heads.title"))}</div>
            {paragraph(
                "caption",
                say("heads.caption"),
            )}
            <div class="head-ticks">{FIGURES.map(tick).collect_view()}</div>
            <label class="patch-line">
                <span>{say("heads.patch")}</span>
                <input
                    type="text"
                    data-testid="patch-text"
                    placeholder=say("heads.patch.example")
                    prop:value=move || app.form.with(|form| form.apart.patch.clone())
                    on:input=move |event| {
                        app.edit(When::Never, |form| form.apart.patch = event_target_value(&event));
                    }
                />
            </label>
            {texts::texts(app)}
            <div class="run-line">{button("small", "run-heads", title, is_busy, move || app.take_apart())}</div>
            {changing(move || {
                let said = app.apart_hint.get()?;
                Some(view! { <p class="hint" role="alert" data-testid="heads-hint">{said}</p> }.into_any())
            })}
            {changing(move || {
                is_stale.get().then(|| paragraph("caption layers-stale", say("heads.stale")))
            })}
            <div class:stale=is_stale data-testid="heads-found" data-there=move || app.headed.with(Option::is_some).to_string()>
                {changing(move || {
                    let kinds = all_kinds.get();
                    (kinds.len() > 1).then(|| parts::kind_switch(kinds, kind_now, kind))
                })}
                {changing(move || is_over.get().then(|| texts::switch(found, over, wants_over)))}
                {table::table(app, table, kind_now)}
                {changing(move || found.with(|found| found.lens.clone()).map(|lens| lens::lens(app, lens)))}
                {changing(move || found.with(|found| parts::rest(app, found)))}
                {changing(move || {
                    let is_there = found.with(|found| *found != Heads::default());
                    is_there.then(|| {
                        view! {
                            <div class="save-line" role="group" aria-label=say("heads.save")>
                                {plain_button("small", "save-heads-csv", say("heads.save.csv"), move || {
                                    app.save_heads(Some(table.with_untracked(Table::csv)));
                                })}
                                {plain_button("small", "save-heads-json", say("heads.save.json"), move || app.save_heads(None))}
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
