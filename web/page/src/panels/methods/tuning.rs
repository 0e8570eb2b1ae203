//! The parameters of the methods that are ticked or colour the text, and no others.

use headlight_document::{Baseline, Hierarchy, Method, Parameters, Units};
use leptos::prelude::*;

use crate::app::{App, When};
use crate::locale::say;
use crate::panels::parts::{changing, paragraph, text};
use crate::state::form::samples;
use crate::state::names;
use crate::state::tuning::{Number, has_baseline};

/// The fields.
pub fn tuning(app: App) -> AnyView {
    let methods = Memo::new(move |_| {
        app.form.with(|form| {
            let mut methods = form.compared();
            if !methods.contains(&form.method) {
                methods.push(form.method);
            }
            methods
        })
    });
    let base = Memo::new(move |_| app.form.with(|form| form.parameters.base));
    // Which field says what is wrong with it.
    let fault = RwSignal::new(None::<(Number, String)>);
    let number = move |field: Number| {
        let change = move |event| {
            let written = app.form.with_untracked(|form| field.write(&form.parameters, &event_target_value(&event)));
            match written {
                Ok(parameters) => {
                    fault.set(None);
                    app.edit(When::Cheap, |form| form.parameters = parameters);
                }
                Err(said) => fault.set(Some((field, said))),
            }
        };
        // What is done where the field is empty.
        let usual = move || match field {
            Number::Samples => {
                let own = samples(&Parameters::default(), &methods.get());
                own.map_or_else(|| "5".to_owned(), |own| own.to_string())
            }
            Number::Layer => names::option("all").to_owned(),
            Number::Head => names::option("mean").to_owned(),
            _ => String::new(),
        };
        let is_wrong = move || fault.with(|fault| fault.as_ref().is_some_and(|(wrong, _)| *wrong == field));
        view! {
            <label class="setting">
                <span>{field.title()}</span>
                <input
                    type="text"
                    inputmode="numeric"
                    data-testid=format!("parameter-{}", field.name())
                    aria-invalid=Signal::derive(move || is_wrong().to_string())
                    aria-describedby="tuning-fault"
                    placeholder=Signal::derive(usual)
                    prop:value=Signal::derive(move || app.form.with(|form| field.read(&form.parameters)))
                    on:change=change
                />
            </label>
        }
        .into_any()
    };
    // Measures draw random orders and an untrained model's weights.
    let is_measured = move || app.form.with(|form| !form.measures.is_empty());
    let bears = move |field: Number| {
        methods.with(|methods| field.bears(methods, base.get())) || (field == Number::Seed && is_measured())
    };
    let has_tree = move || methods.with(|methods| methods.contains(&Method::PartitionShap));
    let has_base = move || methods.with(|methods| methods.contains(&Method::SmoothGrad));
    let has_units = move || methods.with(|methods| methods.iter().any(|method| method.has_units()));
    let picks = move || has_units() && app.form.with(|form| form.parameters.units == Units::Selection);
    let has_path = move || methods.with(|methods| has_baseline(methods, base.get()));
    let is_empty = move || !(has_base() || has_units() || has_path() || Number::ALL.iter().any(|&field| bears(field)));
    let fields: Vec<AnyView> =
        Number::ALL.iter().map(|&field| changing(move || bears(field).then(|| number(field)))).collect();
    view! {
        <details class="tuning" class:nothing=Signal::derive(is_empty) data-testid="parameters">
            <summary>{say("methods.parameters")}</summary>
            <div class="settings">
                {changing(move || has_path().then(|| choice(app, &BASELINE)))}
                {changing(move || has_units().then(|| choice(app, &UNITS)))}
                {changing(move || has_tree().then(|| choice(app, &HIERARCHY)))}
                {changing(move || has_base().then(|| choice(app, &BASE)))}
                {fields}
            </div>
            {changing(move || picks().then(|| paragraph(
                "caption",
                say("methods.parameters.rationale"),
            )))}
            <p class="hint" id="tuning-fault" role="alert" data-testid="parameter-fault">
                {text(move || fault.with(|fault| fault.as_ref().map(|(_, said)| said.clone()).unwrap_or_default()))}
            </p>
        </details>
    }
    .into_any()
}

/// A field for one of several names.
struct Choice {
    // The key of its title.
    title: &'static str,
    id: &'static str,
    names: fn() -> Vec<&'static str>,
    read: fn(&Parameters) -> &'static str,
    write: fn(&mut Parameters, &str),
}

const BASELINE: Choice = Choice {
    title: "methods.baseline",
    id: "baseline",
    names: || Baseline::ALL.iter().map(|one| one.name()).collect(),
    read: |parameters| parameters.baseline.name(),
    write: |parameters, name| parameters.baseline = name.parse().unwrap_or_default(),
};

const UNITS: Choice = Choice {
    title: "methods.units",
    id: "units",
    names: || Units::ALL.iter().map(|one| one.name()).collect(),
    read: |parameters| parameters.units.name(),
    write: |parameters, name| parameters.units = name.parse().unwrap_or_default(),
};

const HIERARCHY: Choice = Choice {
    title: "methods.hierarchy",
    id: "hierarchy",
    names: || Hierarchy::ALL.iter().map(|one| one.name()).collect(),
    read: |parameters| parameters.hierarchy.name(),
    write: |parameters, name| parameters.hierarchy = name.parse().unwrap_or_default(),
};

const BASE: Choice = Choice {
    title: "methods.base",
    id: "base",
    names: || [Method::GradXInput, Method::Saliency, Method::IntegratedGradients].map(Method::name).to_vec(),
    read: |parameters| parameters.base.name(),
    write: |parameters, name| parameters.base = name.parse().unwrap_or(Method::GradXInput),
};

fn choice(app: App, choice: &'static Choice) -> AnyView {
    let option = |name: &'static str| {
        let is_chosen = Signal::derive(move || app.form.with(|form| (choice.read)(&form.parameters) == name));
        view! { <option value=name prop:selected=is_chosen>{names::option(name).replace('_', " ")}</option> }
    };
    let change = move |event| {
        let name = event_target_value(&event);
        app.edit(When::Cheap, |form| (choice.write)(&mut form.parameters, &name));
    };
    view! {
        <label class="setting">
            <span>{say(choice.title)}</span>
            <select data-testid=format!("parameter-{}", choice.id) on:change=change>
                {(choice.names)().into_iter().map(option).collect_view()}
            </select>
        </label>
    }
    .into_any()
}
