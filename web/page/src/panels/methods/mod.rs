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

use crate::app::{App, Saved};
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
    view! {
        <section class="panel methods-panel" aria-labelledby="methods-title" data-testid="methods">
            <div class="panel-head"><h2 id="methods-title">"Methods, side by side"</h2></div>
            <p class="caption">
                "No method is right by itself. Where several agree, where what one points at matters to the model, and where \
                 it falls apart on a model that learned nothing: that is what trust can rest on."
            </p>
            <choose::Choose/>
            <tuning::Tuning/>
            <rationale::Rationale/>
            <choose::RunLine/>
            {move || {
                has_answer
                    .get()
                    .then(|| {
                        view! {
                            <Remark is_stale/>
                            <div class="compared" class:stale=move || is_stale.get()>
                                <rows::Rows is_stale/>
                                <figures::Figures table/>
                                <curves::CurveTable/>
                                <agreement::Agreement/>
                            </div>
                            <Save table/>
                        }
                    })
            }}
            <layers::Layers/>
        </section>
    }
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
#[component]
fn Remark(is_stale: Memo<bool>) -> impl IntoView {
    let app = App::get();
    let remark = Memo::new(move |_| {
        let wanted = app.form.with(Form::comparison);
        let is_other = app.compared.with(|all| all.as_ref().is_some_and(|compared| compared.request != wanted));
        match (is_stale.get(), is_other) {
            (true, _) => "This compares methods on an earlier question: text, model or target have changed since.",
            (false, true) => "Methods, measures or parameters have been changed since this was computed.",
            (false, false) => "",
        }
    });
    let run_again = move |_| app.compare(app.form.with_untracked(Form::comparison));
    view! {
        {move || {
            let remark = remark.get();
            (!remark.is_empty())
                .then(|| {
                    view! {
                        <div class="remark" role="status" data-testid="comparison-stale" data-stale=move || is_stale.get().to_string()>
                            <p>{remark}</p>
                            <button type="button" class="small" data-testid="run-again" on:click=run_again>
                                "Run again"
                            </button>
                        </div>
                    }
                })
        }}
    }
}

#[component]
fn Save(table: Memo<Table>) -> impl IntoView {
    let app = App::get();
    let button = move |name: &'static str, title: &'static str, what: fn(&Table) -> Saved| {
        view! {
            <button type="button" class="small" data-testid=name
                on:click=move |_| app.save_comparison(table.with_untracked(what))>
                {title}
            </button>
        }
    };
    view! {
        <div class="save-line" role="group" aria-label="Save the comparison">
            {button("save-comparison", "Save all as JSON", |_| Saved::Document)}
            {button("save-figures", "Figures as CSV", |table| Saved::Figures(table.csv()))}
            {button("save-values", "Values as CSV", |_| Saved::Values)}
        </div>
    }
}
