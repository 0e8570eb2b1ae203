//! Which methods are compared and what is measured of them, with what each costs, and the button that runs it all.

use headlight_document::{Measure, Method};
use leptos::prelude::*;

use crate::app::{App, When};
use crate::state::compare::{GROUPS, is_offered, toggle};
use crate::state::conductor::{Errand, Input};
use crate::state::cost::{self, Runs, Size};
use crate::state::form::Form;
use crate::state::words;

/// The boxes to tick.
#[component]
pub fn Choose() -> impl IntoView {
    let app = App::get();
    let size = Memo::new(move |_| app.size());
    let method_box = move |method: Method| {
        tick(
            format!("tick-{method}"),
            method.title(),
            Signal::derive(move || app.form.with(|form| form.ticked.contains(&method))),
            Signal::derive(move || app.form.with(|form| is_offered(method, form.task))),
            cost_words(app, size, move |form, size| {
                let mut methods = form.compared();
                methods.push(method);
                cost::of_method(method, &methods, &form.parameters, size)
            }),
            Callback::new(move |()| {
                app.edit(When::Never, |form| toggle(&mut form.ticked, method, Method::ALL));
            }),
        )
    };
    let measure_box = move |measure: Measure| {
        tick(
            format!("measure-{measure}"),
            measure.title(),
            Signal::derive(move || app.form.with(|form| form.measures.contains(&measure))),
            Signal::from(true),
            cost_words(app, size, move |form, size| {
                cost::of_measure(measure, &form.compared(), &form.parameters, size)
            }),
            Callback::new(move |()| {
                app.edit(When::Never, |form| toggle(&mut form.measures, measure, Measure::ALL));
            }),
        )
    };
    view! {
        <div class="tick-groups">
            {GROUPS
                .iter()
                .map(|group| {
                    view! {
                        <fieldset class="ticks">
                            <legend>{group.title}</legend>
                            {group.methods.iter().map(|&method| method_box(method)).collect_view()}
                        </fieldset>
                    }
                })
                .collect_view()}
            <fieldset class="ticks">
                <legend>"How faithful?"</legend>
                {Measure::ALL.iter().map(|&measure| measure_box(measure)).collect_view()}
            </fieldset>
        </div>
    }
}

fn cost_words(
    app: App,
    size: Memo<Size>,
    runs: impl Fn(&Form, Size) -> Runs + Send + Sync + 'static,
) -> Signal<String> {
    Signal::derive(move || {
        let size = size.get();
        cost::words(app.form.with(|form| runs(form, size)), size)
    })
}

fn tick(
    name: String,
    title: &'static str,
    is_ticked: Signal<bool>,
    is_offered: Signal<bool>,
    cost: Signal<String>,
    change: Callback<()>,
) -> AnyView {
    view! {
        <label class="tick">
            <input
                type="checkbox"
                data-testid=name
                prop:checked=move || is_ticked.get() && is_offered.get()
                prop:disabled=move || !is_offered.get()
                on:change=move |_| change.run(())
            />
            <span class="tick-title">{title}</span>
            <span class="tick-cost">
                {move || if is_offered.get() { cost.get() } else { "not for models of two stacks".to_owned() }}
            </span>
        </label>
    }
    .into_any()
}

/// What all of it costs together, and the button; how far it has come, and the way out.
#[component]
pub fn RunLine() -> impl IntoView {
    let app = App::get();
    let count = Memo::new(move |_| app.form.with(|form| form.compared().len()));
    let all = Memo::new(move |_| {
        let size = app.size();
        let runs = app.form.with(|form| cost::of_comparison(&form.compared(), &form.measures, &form.parameters, size));
        cost::words(runs, size)
    });
    // A comparison or the layers; also while it waits for the question before it.
    let is_busy = Memo::new(move |_| app.conductor.with(|conductor| conductor.comparing().is_some()));
    let progress = Memo::new(move |_| {
        app.conductor.with(|conductor| {
            let flight = conductor.flight.as_ref()?;
            if matches!(flight.errand, Errand::Compare(_)) { flight.progress } else { None }
        })
    });
    let trouble = Memo::new(move |_| {
        app.conductor.with(|conductor| {
            let trouble = conductor.trouble.as_ref()?;
            matches!(trouble.errand, Errand::Compare(_)).then(|| trouble.failure.message.clone())
        })
    });
    let line = move || match progress.get() {
        Some(progress) => words::progress(progress, ""),
        None => "Waiting for its turn".to_owned(),
    };
    let share = move || progress.get().and_then(words::share);
    view! {
        <div class="run-line">
            {move || {
                if is_busy.get() {
                    view! {
                        <div class="working" data-testid="comparison-progress">
                            <p>{line}</p>
                            <progress max="1" aria-label="Progress of the comparison"
                                value=move || share().map(|share| format!("{share:.4}"))></progress>
                            <button type="button" class="small" data-testid="cancel-comparison"
                                on:click=move |_| app.tell(Input::Cancel)>
                                "Cancel"
                            </button>
                        </div>
                    }
                    .into_any()
                } else {
                    view! {
                        <button type="button" class="primary" data-testid="run-comparison"
                            prop:disabled=move || count.get() == 0
                            on:click=move |_| app.compare(app.form.with_untracked(Form::comparison))>
                            {move || format!("Run {}", words::count(count.get(), "method"))}
                        </button>
                        <span class="caption" data-testid="comparison-cost">{move || all.get()}</span>
                    }
                    .into_any()
                }
            }}
        </div>
        {move || {
            let said = app.comparing_hint.get().or_else(|| trouble.get());
            said.map(|said| view! { <p class="hint" role="alert" data-testid="comparison-hint">{said}</p> })
        }}
    }
}
