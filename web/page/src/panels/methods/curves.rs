//! What happens to the answer as words are taken out, and as they are put in, against random orders.

use headlight_document::{Curve, Faithfulness, Measured};
use leptos::html::{Canvas, Div};
use leptos::prelude::*;

use super::read;
use crate::app::App;
use crate::draw;
use crate::panels::attention::width_of;
use crate::state::curves::{Plot, plot};
use crate::state::format::{number, percent};

fn curve(measured: &Measured, is_insertion: bool) -> Option<&Curve> {
    if is_insertion { measured.insertion.as_ref() } else { measured.deletion.as_ref() }
}

/// One curve of the method at a place.
#[component]
pub fn CurveView(at: usize, is_insertion: bool) -> impl IntoView {
    let app = App::get();
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
        let title = document.attributions.get(at)?.method.title();
        let area = number(found.area);
        let rank =
            document.faithfulness.as_ref()?.random.as_ref().map(|random| {
                format!(", better than {} of {} random orders", percent(found.better_than), random.orders)
            });
        Some((title, format!("area {area}{}", rank.unwrap_or_default())))
    });
    let (title, said) = said.flatten().unwrap_or_default();
    let what = if is_insertion { "Insertion" } else { "Deletion" };
    view! {
        <figure class="curve" data-testid=if is_insertion { "insertion" } else { "deletion" }>
            <figcaption><b>{what}</b> ": " {said.clone()}</figcaption>
            <div class="chart-frame" node_ref=frame>
                <canvas node_ref=canvas role="img"
                    aria-label=format!("{what} curve of {title}: {said}; its numbers are in the table that follows")></canvas>
            </div>
        </figure>
    }
}

/// Every curve's numbers.
#[component]
pub fn CurveTable() -> impl IntoView {
    let app = App::get();
    move || {
        read(app, |document| {
            let found: &Faithfulness = document.faithfulness.as_ref()?;
            let random = found.random.as_ref();
            let mut columns: Vec<(String, &[f64])> = Vec::new();
            for is_insertion in [false, true] {
                let what = if is_insertion { "insertion" } else { "deletion" };
                for (measured, attribution) in found.methods.iter().zip(&document.attributions) {
                    if let Some(curve) = curve(measured, is_insertion) {
                        columns.push((format!("{}, {what}", attribution.method.title()), &curve.values));
                    }
                }
                if let Some(random) = random {
                    let band = if is_insertion { &random.insertion } else { &random.deletion };
                    columns.push((format!("Random, {what}: least"), &band.least));
                    columns.push(("mean".to_owned(), &band.mean));
                    columns.push(("greatest".to_owned(), &band.greatest));
                }
            }
            columns.retain(|(_, values)| !values.is_empty());
            let most = columns.iter().map(|(_, values)| values.len()).max()?;
            let heads: Vec<_> = columns.iter().map(|(title, _)| view! { <th scope="col">{title.clone()}</th> }).collect();
            let lines: Vec<_> = (0..most)
                .map(|words| {
                    let cells: Vec<_> = columns
                        .iter()
                        .map(|(_, values)| {
                            let text = values.get(words).map_or_else(String::new, |&value| number(value));
                            view! { <td class="figure">{text}</td> }
                        })
                        .collect();
                    view! { <tr><th scope="row">{words}</th> {cells}</tr> }
                })
                .collect();
            Some(view! {
                <p class="caption curves-note">
                    {format!(
                        "Curves: the answer’s probability with more and more tokens left out (“{}” stands for them), or put \
                         in, those first that a method ranks highest. The dashed line is the mean of random orders, the band \
                         reaches from their least to their greatest: a deletion curve should fall below it, an insertion \
                         curve rise above.",
                        found.replacement,
                    )}
                </p>
                <details class="as-table">
                    <summary>"The curves as a table"</summary>
                    <div class="table-box" tabindex="0" role="region" aria-label="The curves’ numbers">
                        <table data-testid="curve-table">
                            <thead><tr><th scope="col">"Tokens"</th> {heads}</tr></thead>
                            <tbody>{lines}</tbody>
                        </table>
                    </div>
                </details>
            })
        })
        .flatten()
    }
}
