//! What happens to the answer as words are taken out, and as they are put in, against random orders.

use headlight_document::{Curve, Explanation, Measured};
use leptos::html::{Canvas, Div};
use leptos::prelude::*;

use super::read;
use crate::app::App;
use crate::draw;
use crate::locale::{fill, say};
use crate::panels::attention::width_of;
use crate::panels::parts::{Part, written};
use crate::panels::saving;
use crate::state::curves::{Plot, plot};
use crate::state::format::{number, percent};
use crate::state::names;

fn curve(measured: &Measured, is_insertion: bool) -> Option<&Curve> {
    if is_insertion { measured.insertion.as_ref() } else { measured.deletion.as_ref() }
}

/// One curve of the method at a place.
pub fn curve_view(app: App, at: usize, is_insertion: bool) -> AnyView {
    let frame = NodeRef::<Div>::new();
    let canvas = NodeRef::<Canvas>::new();
    let width = width_of(frame);
    Effect::new(move |_| {
        let (Some(canvas), true) = (canvas.get(), width.get() > 0.0) else { return };
        let dark = app.dark.get();
        read(app, |document| {
            let plot: Plot<'_> = plot(document.faithfulness.as_ref()?, at, is_insertion)?;
            draw::curves::draw(&canvas, (width.get(), 132.0), &plot, dark)
        });
    });
    let said = read(app, |document| {
        let found = curve(document.faithfulness.as_ref()?.methods.get(at)?, is_insertion)?;
        let title = names::method(document.attributions.get(at)?.method);
        let area = number(found.area);
        let rank = document
            .faithfulness
            .as_ref()?
            .random
            .as_ref()
            .map(|random| fill("methods.curves.better", &[&percent(found.better_than), &random.orders]));
        Some((title, fill("methods.curves.area", &[&area, &rank.unwrap_or_default()])))
    });
    let (title, said) = said.flatten().unwrap_or_default();
    let what = if is_insertion { say("methods.curves.insertion") } else { say("methods.curves.deletion") };
    view! {
        <figure class="curve" data-testid=if is_insertion { "insertion" } else { "deletion" }>
            <figcaption><b>{what}</b> ": " {said.clone()} {saving::curve(app, at, is_insertion)}</figcaption>
            <div class="chart-frame" node_ref=frame>
                <canvas node_ref=canvas role="img"
                    aria-label=fill("methods.curves.label", &[&what, &title, &said])></canvas>
            </div>
        </figure>
    }
    .into_any()
}

/// Every curve's numbers.
pub fn curve_table(app: App) -> AnyView {
    written("", move |part| {
        read(app, |document| write(part, document));
    })
}

fn write(part: &Part, document: &Explanation) {
    let Some(found) = &document.faithfulness else { return };
    let mut columns: Vec<(String, &[f64])> = Vec::new();
    for is_insertion in [false, true] {
        let what = say(if is_insertion { "methods.curves.insertion" } else { "methods.curves.deletion" });
        for (measured, attribution) in found.methods.iter().zip(&document.attributions) {
            if let Some(curve) = curve(measured, is_insertion) {
                columns.push((format!("{}, {what}", names::method(attribution.method)), &curve.values));
            }
        }
        if let Some(random) = &found.random {
            let band = if is_insertion { &random.insertion } else { &random.deletion };
            columns.push((fill("methods.curves.random", &[&what]), &band.least));
            columns.push((say("methods.curves.mean").to_owned(), &band.mean));
            columns.push((say("methods.curves.greatest").to_owned(), &band.greatest));
        }
    }
    columns.retain(|(_, values)| !values.is_empty());
    let Some(most) = columns.iter().map(|(_, values)| values.len()).max() else { return };
    let note = fill("methods.curves.why", &[&found.replacement]);
    part.add("p", &[("class", "caption curves-note")], &note);
    let table = part.add_details(say("methods.curves.table")).add_table(
        "table-box",
        "curve-table",
        say("methods.curves.numbers"),
    );
    table.add_heads(
        std::iter::once(say("methods.curves.tokens").to_owned()).chain(columns.iter().map(|(title, _)| title.clone())),
    );
    let lines = table.add("tbody", &[], "");
    for words in 0..most {
        let cell = |(_, values): &(String, &[f64])| values.get(words).map(|&value| number(value)).unwrap_or_default();
        lines.add_line(&words.to_string(), columns.iter().map(cell));
    }
}
