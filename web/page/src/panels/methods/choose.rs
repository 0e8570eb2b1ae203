//! Which methods are compared and what is measured of them, with what each costs, and the button that runs it all.

use headlight_document::{Measure, Method};
use leptos::prelude::*;

use crate::app::{App, When};
use crate::locale::heard;
use crate::locale::{self, fill, say};
use crate::panels::parts::{button, changing, plain_button, text};
use crate::state::compare::{GROUPS, is_offered, toggle};
use crate::state::conductor::{Errand, Input};
use crate::state::cost::{self, Runs, Size};
use crate::state::form::Form;
use crate::state::names;
use crate::state::words;

/// The boxes to tick.
pub fn choose(app: App) -> AnyView {
    // Worked out once for all boxes: a keystroke changes it for each of them.
    let size = Memo::new(move |_| app.size());
    let method_box = move |method: Method| {
        tick(
            format!("tick-{method}"),
            names::method(method),
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
            names::measure(measure),
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
                .map(|group| set(say(group.title), group.methods.iter().map(|&method| method_box(method)).collect()))
                .collect_view()}
            {set(say("methods.faithful"), Measure::ALL.iter().map(|&measure| measure_box(measure)).collect())}
        </div>
    }
    .into_any()
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
                prop:checked=Signal::derive(move || is_ticked.get() && is_offered.get())
                prop:disabled=Signal::derive(move || !is_offered.get())
                on:change=move |_| change.run(())
            />
            <span class="tick-title">{title}</span>
            <span class="tick-cost">
                {text(move || if is_offered.get() { cost.get() } else { say("methods.one_stack").to_owned() })}
            </span>
        </label>
    }
    .into_any()
}

fn set(title: &'static str, ticks: Vec<AnyView>) -> AnyView {
    view! { <fieldset class="ticks"><legend>{title}</legend> {ticks}</fieldset> }.into_any()
}

/// What all of it costs together, and the button; how far it has come, and the way out.
pub fn run_line(app: App) -> AnyView {
    let count = Memo::new(move |_| app.form.with(|form| form.compared().len()));
    let all = move || {
        let size = app.size();
        let runs = app.form.with(|form| cost::of_comparison(&form.compared(), &form.measures, &form.parameters, size));
        cost::words(runs, size)
    };
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
            matches!(trouble.errand, Errand::Compare(_)).then(|| heard(&trouble.failure.message))
        })
    });
    let line = move || match progress.get() {
        Some(progress) => words::progress(progress, ""),
        None => say("methods.waiting").to_owned(),
    };
    let share = move || progress.get().and_then(words::share).map(|share| format!("{share:.4}"));
    let running = move || {
        view! {
            <div class="working" data-testid="comparison-progress">
                <p>{text(line)}</p>
                // Without a value the bar shows that the end is not known.
                <progress max="1" aria-label=say("methods.progress") value=Signal::derive(share)></progress>
                {plain_button("small", "cancel-comparison", say("methods.cancel"), move || app.tell(Input::Cancel))}
            </div>
        }
        .into_any()
    };
    let resting = move || {
        let title = Signal::derive(move || fill("methods.run", &[&locale::count("count.method", count.get())]));
        let run = move || app.compare(app.form.with_untracked(Form::comparison));
        view! {
            {button("primary", "run-comparison", title, Signal::derive(move || count.get() == 0), run)}
            <span class="caption" data-testid="comparison-cost">{text(all)}</span>
        }
        .into_any()
    };
    view! {
        <div class="run-line">{changing(move || Some(if is_busy.get() { running() } else { resting() }))}</div>
        {changing(move || {
            let said = app.comparing_hint.get().or_else(|| trouble.get())?;
            Some(view! { <p class="hint" role="alert" data-testid="comparison-hint">{said}</p> }.into_any())
        })}
    }
    .into_any()
}
