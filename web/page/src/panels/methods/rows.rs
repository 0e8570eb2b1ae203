//! One row a method: the text in its colours, what speaks for or against it, and its curves.

use headlight_document::{Attribution, Explanation, Measured};
use leptos::prelude::*;

use super::curves::curve_view;
use super::read;
use crate::app::App;
use crate::panels::parts::{changing, paragraph, text};
use crate::panels::tokens::drawn;
use crate::state::colour::{Palette, Scale};
use crate::state::format::{duration, number, signed};
use crate::state::marks;
use crate::state::trust;

/// The rows.
pub fn rows(app: App, is_stale: Memo<bool>) -> AnyView {
    // Which tokens the person marked, where the text is still the one that was marked.
    let marked = Memo::new(move |_| {
        let marks = if is_stale.get() { Vec::new() } else { app.form.with(|form| form.marks.clone()) };
        read(app, |document| marks::marked(&marks::places(&document.input), &marks)).unwrap_or_default()
    });
    let all = move || {
        read(app, |document| {
            let rows: Vec<AnyView> =
                (0..document.attributions.len()).filter_map(|at| row(app, document, at, marked)).collect();
            let warnings: Vec<AnyView> =
                document.warnings.iter().map(|warning| paragraph("warning", warning.clone())).collect();
            view! { <ol class="method-rows" data-testid="method-rows">{rows}</ol> {warnings} }.into_any()
        })
    };
    view! {
        {paragraph(
            "caption rows-note",
            "Blue speaks for the answer, orange against it; where a method has no sign, a stronger colour says more. Each row \
             has its own scale: its strongest colour is the number beside its name.",
        )}
        {changing(all)}
    }
    .into_any()
}

fn row(app: App, document: &Explanation, at: usize, marked: Memo<Vec<bool>>) -> Option<AnyView> {
    let attribution = document.attributions.get(at)?;
    let method = attribution.method;
    let values: Vec<f64> =
        attribution.values.iter().chain(attribution.output_values.iter().flatten()).copied().collect();
    // SmoothGrad over saliency has no sign either, whatever its method says.
    let is_signed = method.is_signed() && !is_unsigned_base(attribution);
    let parts = drawn(document);
    let shown = StoredValue::new((document.input.tokens.clone(), values));
    let grouped = Memo::new(move |_| {
        let grouping = app.form.with(|form| form.grouping);
        shown.with_value(|(tokens, values)| grouping.apply(tokens, values))
    });
    let sign = if is_signed { "±" } else { "" };
    let limit = move || {
        let limit = grouped.with(|values| Scale::of(values.iter().copied(), is_signed).limit);
        format!("{sign}{}", number(limit))
    };
    let colours = move || {
        let values = grouped.get();
        let scale = Scale::of(values.iter().copied(), is_signed);
        let (palette, marked) = (Palette::of(app.dark.get()), marked.get());
        let own = shown.with_value(|(_, own)| own.clone());
        let tokens = parts.iter().zip(values).zip(own).enumerate().map(|(at, (((piece, name), value), own))| {
            let colour = scale.colour(value, palette);
            let said = if is_signed { signed(value) } else { number(value) };
            let mut class = "token".to_owned();
            for (is_so, name) in [
                (piece.special, " special"),
                (piece.aside, " aside"),
                (marked.get(at).copied().unwrap_or_default(), " marked"),
            ] {
                class.push_str(if is_so { name } else { "" });
            }
            view! {
                {piece.gap.clone()}
                <span
                    class=class
                    title=format!("{name}: {said}")
                    data-value=own.to_string()
                    style=format!("background-color:{};color:{}", colour.css(), colour.ink().css())
                >
                    {piece.text.clone()}
                </span>
            }
        });
        Some(tokens.collect_view().into_any())
    };
    let measured = document.faithfulness.as_ref().and_then(|all| all.methods.get(at));
    let time = document.timing_ms.get(method.name()).copied().map(duration);
    let checks = trust::lines(attribution).join(" ");
    let distrust = attribution.checks.distrust.clone();
    let verdicts = measured.map(|measured| measured.verdicts.clone()).unwrap_or_default();
    let warn = |said: String| {
        view! { <p class="warning distrust"><span class="sign" aria-hidden="true">"!"</span> {said}</p> }.into_any()
    };
    let warnings: Vec<AnyView> = distrust.into_iter().chain(verdicts).map(warn).collect();
    let has = |curve: fn(&Measured) -> bool| measured.is_some_and(curve);
    let curves = [(has(|one| one.deletion.is_some()), false), (has(|one| one.insertion.is_some()), true)];
    let curves: Vec<AnyView> = curves
        .into_iter()
        .filter(|(is_there, _)| *is_there)
        .map(|(_, is_insertion)| curve_view(app, at, is_insertion))
        .collect();
    let class = if document.input.tokens.len() > 60 { "flow row-text long" } else { "flow row-text" };
    Some(
        view! {
            <li class="method-row" data-testid="method-row" data-method=method.name()>
                <div class="row-head">
                    <h3>{method.title()}</h3>
                    <span class="figure" title="The number of its strongest colour">{text(limit)}</span>
                    <span class="figure row-time" title="How long it took">{time}</span>
                </div>
                <div class=class>{changing(colours)}</div>
                {warnings}
                {(!checks.is_empty()).then(|| paragraph("caption", checks))}
                <div class="row-curves">{curves}</div>
            </li>
        }
        .into_any(),
    )
}

fn is_unsigned_base(attribution: &Attribution) -> bool {
    attribution.parameters.get("base").and_then(|base| base.as_str()) == Some("saliency")
}
