//! The parameters of the methods that are ticked or colour the text, and no others.

use headlight_document::{Baseline, Method, Parameters, Units};
use leptos::prelude::*;

use crate::app::{App, When};
use crate::state::form::samples;
use crate::state::tuning::{Number, has_baseline};

/// The fields.
#[component]
pub fn Tuning() -> impl IntoView {
    let app = App::get();
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
            Number::Layer => "all".to_owned(),
            Number::Head => "mean".to_owned(),
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
                    aria-invalid=move || is_wrong().to_string()
                    aria-describedby="tuning-fault"
                    placeholder=usual
                    prop:value=move || app.form.with(|form| field.read(&form.parameters))
                    on:change=change
                />
            </label>
        }
    };
    let bears = move |field: Number| methods.with(|methods| field.bears(methods, base.get()));
    let has_base = move || methods.with(|methods| methods.contains(&Method::SmoothGrad));
    let has_units = move || methods.with(|methods| methods.iter().any(|method| method.has_units()));
    let has_path = move || methods.with(|methods| has_baseline(methods, base.get()));
    let is_empty = move || !(has_base() || has_units() || has_path() || Number::ALL.iter().any(|&field| bears(field)));
    let smoothed = [Method::GradXInput, Method::Saliency, Method::IntegratedGradients];
    view! {
        <details class="tuning" class:nothing=is_empty data-testid="parameters">
            <summary>"Parameters"</summary>
            <div class="settings">
                {move || {
                    has_path().then(|| choice("Baseline", "baseline", names(Baseline::ALL, |one| one.name()),
                        |parameters| parameters.baseline.name(),
                        |parameters, name| if let Ok(one) = name.parse() { parameters.baseline = one }))
                }}
                {move || {
                    has_units().then(|| choice("Left out together", "units-all", names(Units::ALL, |one| one.name()),
                        |parameters| parameters.units.name(),
                        |parameters, name| if let Ok(one) = name.parse() { parameters.units = one }))
                }}
                {move || {
                    has_base().then(|| choice("SmoothGrad smooths", "base", names(&smoothed, |one| one.name()),
                        |parameters| parameters.base.name(),
                        |parameters, name| if let Ok(one) = name.parse() { parameters.base = one }))
                }}
                {Number::ALL
                    .iter()
                    .map(|&field| view! { {move || bears(field).then(|| number(field))} })
                    .collect_view()}
            </div>
            <p class="hint" id="tuning-fault" role="alert" data-testid="parameter-fault">
                {move || fault.with(|fault| fault.as_ref().map(|(_, said)| said.clone()))}
            </p>
        </details>
    }
}

fn names<T: Copy>(all: &[T], name: fn(T) -> &'static str) -> Vec<&'static str> {
    all.iter().map(|&one| name(one)).collect()
}

fn choice(
    title: &'static str,
    id: &'static str,
    names: Vec<&'static str>,
    read: fn(&Parameters) -> &'static str,
    write: fn(&mut Parameters, &str),
) -> AnyView {
    let app = App::get();
    let option = |name: &'static str| {
        let is_chosen = move || app.form.with(|form| read(&form.parameters) == name);
        view! { <option value=name prop:selected=is_chosen>{name.replace('_', " ")}</option> }
    };
    let change = move |event| {
        let name = event_target_value(&event);
        app.edit(When::Cheap, |form| write(&mut form.parameters, &name));
    };
    view! {
        <label class="setting">
            <span>{title}</span>
            <select data-testid=format!("parameter-{id}") on:change=change>
                {names.into_iter().map(option).collect_view()}
            </select>
        </label>
    }
    .into_any()
}
