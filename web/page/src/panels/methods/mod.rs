//! Methods side by side: which are compared, what that costs, and what came of it.

mod agreement;
mod choose;
mod curves;
mod figures;
mod layers;
mod rationale;
mod rows;
mod tuning;

use headlight_document::Explanation;
use leptos::prelude::*;

use super::parts::{changing, heading, paragraph, plain_button};
use crate::app::{App, Saved};
use crate::locale::say;
use crate::state::compare::{Compared, plausible, same_subject};
use crate::state::form::Form;
use crate::state::table::Table;

/// The panel.
#[component]
pub fn MethodsPanel() -> impl IntoView {
    let app = App::get();
    let has_answer = Memo::new(move |_| app.compared.with(Option::is_some));
    let is_stale = Memo::new(move |_| is_stale(app, app.compared));
    let table = Memo::new(move |_| {
        let marks = if is_stale.get() { Vec::new() } else { app.form.with(|form| form.marks.clone()) };
        read(app, |document| Table::of(document, &plausible(document, &marks))).unwrap_or_default()
    });
    let answer = move || {
        view! {
            {remark(app, is_stale)}
            <div class="compared" class:stale=is_stale>
                {rows::rows(app, is_stale)}
                {figures::figures(table)}
                {curves::curve_table(app)}
                {agreement::agreement(app)}
            </div>
            {save(app, table)}
        }
        .into_any()
    };
    view! {
        <section class="panel methods-panel" aria-labelledby="methods-title" data-testid="methods">
            <div class="panel-head">{heading("methods-title", say("methods.title"))}</div>
            {paragraph(
                "caption",
                say("methods.caption"),
            )}
            {choose::choose(app)}
            {tuning::tuning(app)}
            {rationale::rationale(app)}
            {choose::run_line(app)}
            {changing(move || has_answer.get().then(answer))}
            {layers::layers(app)}
        </section>
    }
    .into_any()
}

/// Reads the comparison's document.
fn read<T>(app: App, read: impl FnOnce(&Explanation) -> T) -> Option<T> {
    app.compared.with(|compared| compared.as_ref().map(|compared| read(&compared.document)))
}

/// Whether an answer is about another question than the page's.
fn is_stale(app: App, answer: RwSignal<Option<Compared>>) -> bool {
    let wanted = app.form.with(Form::comparison);
    answer.with(|answer| answer.as_ref().is_some_and(|answer| !same_subject(&answer.request, &wanted)))
}

/// What has changed since the comparison was made.
fn remark(app: App, is_stale: Memo<bool>) -> AnyView {
    let is_other = Memo::new(move |_| {
        let wanted = app.form.with(Form::comparison);
        app.compared.with(|all| all.as_ref().is_some_and(|compared| compared.request != wanted))
    });
    changing(move || {
        if !is_other.get() {
            return None;
        }
        let said = if is_stale.get() { say("methods.stale.question") } else { say("methods.stale.choice") };
        let run = move || app.compare(app.form.with_untracked(Form::comparison));
        Some(
            view! {
                <div class="remark" role="status" data-testid="comparison-stale" data-stale=is_stale.get().to_string()>
                    {paragraph("", said)} {plain_button("small", "run-again", say("methods.again"), run)}
                </div>
            }
            .into_any(),
        )
    })
}

fn save(app: App, table: Memo<Table>) -> AnyView {
    let one = move |name: &'static str, title: &'static str, what: fn(&Table) -> Saved| {
        let save = move || app.save_comparison(table.with_untracked(what));
        plain_button("small", name, title, save)
    };
    view! {
        <div class="save-line" role="group" aria-label=say("methods.save")>
            {one("save-comparison", say("methods.save.json"), |_| Saved::Document)}
            {one("save-figures", say("methods.save.figures"), |table| Saved::Figures(table.csv()))}
            {one("save-values", say("methods.save.values"), |_| Saved::Values)}
        </div>
    }
    .into_any()
}
