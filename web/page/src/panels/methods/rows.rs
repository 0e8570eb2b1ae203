//! One row a method: the text in its colours, what speaks for or against it, and its curves.

use headlight_document::{Attribution, Explanation, Measured};
use leptos::prelude::*;

use super::curves::curve_view;
use super::read;
use crate::app::App;
use crate::locale::{heard, say};
use crate::panels::parts::{Part, changing, paragraph, written};
use crate::panels::saving;
use crate::panels::tokens::drawn;
use crate::state::colour::{Palette, Scale};
use crate::state::format::{duration, number, signed};
use crate::state::names;
use crate::state::{marks, trust};

/// The rows.
pub fn rows(app: App, is_stale: Memo<bool>) -> AnyView {
    let all = move || {
        let count = read(app, |document| document.attributions.len())?;
        Some((0..count).map(|at| row(app, at, is_stale)).collect_view().into_any())
    };
    let warnings = move |part: &Part| {
        read(app, |document| {
            for warning in &document.warnings {
                part.add("p", &[("class", "warning")], &heard(warning));
            }
        });
    };
    view! {
        {paragraph(
            "caption rows-note",
            say("methods.rows.why"),
        )}
        <ol class="method-rows" data-testid="method-rows">{changing(all)}</ol>
        {written("", warnings)}
    }
    .into_any()
}

fn row(app: App, at: usize, is_stale: Memo<bool>) -> AnyView {
    let curves = move || {
        let has = read(app, |document| {
            let measured: &Measured = document.faithfulness.as_ref()?.methods.get(at)?;
            Some((measured.deletion.is_some(), measured.insertion.is_some()))
        });
        let (deletion, insertion) = has.flatten().unwrap_or_default();
        [(deletion, false), (insertion, true)].into_iter().filter(|(is_there, _)| *is_there)
    };
    let curves: Vec<AnyView> = untrack(curves).map(|(_, is_insertion)| curve_view(app, at, is_insertion)).collect();
    let method = untrack(|| read(app, |document| document.attributions.get(at).map(|one| one.method.name())));
    let write = move |part: &Part| {
        read(app, |document| write(app, part, document, at, is_stale.get()));
    };
    view! {
        <li class="method-row" data-testid="method-row" data-method=method.flatten()>
            {written("", write)} {saving::method(app, at)} <div class="row-curves">{curves}</div>
        </li>
    }
    .into_any()
}

fn write(app: App, part: &Part, document: &Explanation, at: usize, is_stale: bool) {
    let Some(attribution) = document.attributions.get(at) else { return };
    let (method, input) = (attribution.method, &document.input);
    // SmoothGrad over saliency has no sign either, whatever its method says.
    let is_signed = method.is_signed() && !is_of_saliency(attribution);
    let own: Vec<f64> = attribution.values.iter().chain(attribution.output_values.iter().flatten()).copied().collect();
    // What the person marked, where the text is still the one that was marked.
    let (grouping, marked) = app.form.with(|form| {
        let marks = if is_stale { &[][..] } else { &form.marks };
        (form.grouping, marks::marked(&input.places(), marks))
    });
    let values = grouping.apply(&input.tokens, &own);
    let scale = Scale::of(values.iter().copied(), is_signed);
    let palette = Palette::of(app.dark.get());

    let head = part.add("div", &[("class", "row-head")], "");
    head.add("h3", &[], names::method(method));
    let limit = format!("{}{}", if is_signed { "±" } else { "" }, number(scale.limit));
    head.add("span", &[("class", "figure"), ("title", say("methods.rows.limit"))], &limit);
    if let Some(&time) = document.timing_ms.get(method.name()) {
        head.add("span", &[("class", "figure row-time"), ("title", say("methods.rows.time"))], &duration(time));
    }

    let is_long = input.tokens.len() > 60;
    let flow = part.add(
        "div",
        &[("class", if is_long { "flow row-text long" } else { "flow row-text" }), ("dir", "auto")],
        "",
    );
    for (at, (((piece, name), &value), own)) in drawn(document).iter().zip(&values).zip(&own).enumerate() {
        let mut class = "token".to_owned();
        let is_marked = marked.get(at).copied().unwrap_or_default();
        for (is_so, name) in [(piece.special, " special"), (piece.aside, " aside"), (is_marked, " marked")] {
            class.push_str(if is_so { name } else { "" });
        }
        let said = format!("{name}: {}", if is_signed { signed(value) } else { number(value) });
        let (style, own) = (scale.colour(value, palette).style(), own.to_string());
        flow.say(&piece.gap);
        flow.add("span", &[("class", &class), ("title", &said), ("data-value", &own), ("style", &style)], &piece.text);
    }

    let measured = document.faithfulness.as_ref().and_then(|all| all.methods.get(at));
    let verdicts = measured.map(|measured| &*measured.verdicts).unwrap_or_default();
    for said in attribution.checks.distrust.iter().chain(verdicts) {
        let warning = part.add("p", &[("class", "warning distrust")], "");
        warning.add("span", &[("class", "sign"), ("aria-hidden", "true")], "!");
        warning.add("span", &[], &heard(said));
    }
    let checks = trust::lines(attribution).join(" ");
    if !checks.is_empty() {
        part.add("p", &[("class", "caption")], &checks);
    }
}

fn is_of_saliency(attribution: &Attribution) -> bool {
    attribution.parameters.get("base").and_then(|base| base.as_str()) == Some("saliency")
}
