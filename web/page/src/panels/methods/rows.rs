//! One row a method: the text in its colours, what speaks for or against it, and its curves.

use headlight_document::{Explanation, Measured};
use leptos::prelude::*;

use super::curves::CurveView;
use super::read;
use crate::app::App;
use crate::panels::tokens::drawn;
use crate::state::colour::{Palette, Scale};
use crate::state::format::{duration, number, signed};
use crate::state::marks;
use crate::state::trust;

/// The rows.
#[component]
pub fn Rows(is_stale: Memo<bool>) -> impl IntoView {
    let app = App::get();
    // Which tokens the person marked, where the text is still the one that was marked.
    let marked = Memo::new(move |_| {
        let marks = if is_stale.get() { Vec::new() } else { app.form.with(|form| form.marks.clone()) };
        read(app, |document| marks::marked(&marks::places(&document.input), &marks)).unwrap_or_default()
    });
    view! {
        <p class="caption rows-note">
            "Blue speaks for the answer, orange against it; where a method has no sign, a stronger colour says more. Each row \
             has its own scale: its strongest colour is the number beside its name."
        </p>
        <ol class="method-rows" data-testid="method-rows">
            {move || {
                let count = read(app, |document| document.attributions.len()).unwrap_or_default();
                (0..count).filter_map(|at| read(app, |document| row(app, document, at, marked)).flatten()).collect_view()
            }}
        </ol>
        {move || {
            read(app, |document| document.warnings.clone())
                .unwrap_or_default()
                .into_iter()
                .map(|warning| view! { <p class="warning">{warning}</p> })
                .collect_view()
        }}
    }
}

fn row(app: App, document: &Explanation, at: usize, marked: Memo<Vec<bool>>) -> Option<AnyView> {
    let attribution = document.attributions.get(at)?;
    let method = attribution.method;
    let values: Vec<f64> =
        attribution.values.iter().chain(attribution.output_values.iter().flatten()).copied().collect();
    // SmoothGrad over saliency has no sign either, whatever its method says.
    let is_signed = method.is_signed() && !is_unsigned_base(attribution);
    let parts = drawn(document);
    let tokens = document.input.tokens.clone();
    let limit = {
        let (tokens, values) = (tokens.clone(), values.clone());
        move || {
            let shown = app.form.with(|form| form.grouping).apply(&tokens, &values);
            number(Scale::of(shown, is_signed).limit)
        }
    };
    let text = move || {
        let shown = app.form.with(|form| form.grouping).apply(&tokens, &values);
        let scale = Scale::of(shown.iter().copied(), is_signed);
        let palette = Palette::of(app.dark.get());
        let marked = marked.get();
        let token = |at: usize| {
            let (piece, name) = parts.get(at)?.clone();
            let (value, own) = (shown.get(at).copied()?, values.get(at).copied()?);
            let colour = scale.colour(value, palette);
            let said = if is_signed { signed(value) } else { number(value) };
            Some(view! {
                {piece.gap}
                <span
                    class="token"
                    class:special=piece.special
                    class:aside=piece.aside
                    class:marked=marked.get(at).copied().unwrap_or_default()
                    title=format!("{name}: {said}")
                    data-value=own.to_string()
                    style=format!("background-color:{};color:{}", colour.css(), colour.ink().css())
                >
                    {piece.text}
                </span>
            })
        };
        (0..parts.len()).filter_map(token).collect_view()
    };
    let is_long = document.input.tokens.len() > 60;
    let measured = document.faithfulness.as_ref().and_then(|all| all.methods.get(at));
    let time = document.timing_ms.get(method.name()).copied().map(duration);
    let checks = trust::lines(attribution).join(" ");
    let distrust = attribution.checks.distrust.clone();
    let is_distrusted = distrust.is_some();
    let verdicts = measured.map(|measured| measured.verdicts.clone()).unwrap_or_default();
    let has = |curve: fn(&Measured) -> bool| measured.is_some_and(curve);
    let (deletion, insertion) = (has(|one| one.deletion.is_some()), has(|one| one.insertion.is_some()));
    Some(view! {
        <li class="method-row" data-testid="method-row" data-method=method.name() class:distrusted=is_distrusted>
            <div class="row-head">
                <h3>{method.title()}</h3>
                <span class="figure" title="The number of its strongest colour">{if is_signed { "±" } else { "" }} {limit}</span>
                {time.map(|time| view! { <span class="figure row-time" title="How long it took">{time}</span> })}
            </div>
            <div class="flow row-text" class:long=is_long>{text}</div>
            {distrust.into_iter().chain(verdicts).map(|said| view! {
                <p class="warning distrust"><span class="sign" aria-hidden="true">"!"</span> {said}</p>
            }).collect_view()}
            {(!checks.is_empty()).then(|| view! { <p class="caption">{checks}</p> })}
            {(deletion || insertion).then(|| view! {
                <div class="row-curves">
                    {deletion.then(|| view! { <CurveView at is_insertion=false/> })}
                    {insertion.then(|| view! { <CurveView at is_insertion=true/> })}
                </div>
            })}
        </li>
    }.into_any())
}

fn is_unsigned_base(attribution: &headlight_document::Attribution) -> bool {
    attribution.parameters.get("base").and_then(|base| base.as_str()) == Some("saliency")
}
