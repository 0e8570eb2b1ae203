//! The target after each layer: a curve, and which entry is the best there.

use headlight_document::Lens;
use leptos::html::{Canvas, Div};
use leptos::prelude::*;

use crate::app::App;
use crate::draw;
use crate::locale::{fill, say};
use crate::panels::attention::width_of;
use crate::panels::parts::{Part, paragraph, subheading, written};
use crate::panels::saving;
use crate::state::format::{number, percent, signed};
use crate::state::pieces::visible;

/// The curve and its table.
pub fn lens(app: App, lens: Lens) -> AnyView {
    let frame = NodeRef::<Div>::new();
    let canvas = NodeRef::<Canvas>::new();
    let width = width_of(frame);
    let (wins, layers) = (lens.wins, lens.values.len().saturating_sub(1));
    // A difference of logarithms is none of a probability.
    let has_foil =
        app.headed.with_untracked(|headed| headed.as_ref().is_some_and(|headed| headed.document.target.foil.is_some()));
    let probabilities: Option<Vec<f64>> =
        lens.log_probs.as_ref().filter(|_| !has_foil).map(|all| all.iter().map(|value| value.exp()).collect());
    // Of a target without a foil its probability says most; of a difference the difference.
    let (drawn, title) = match probabilities {
        Some(probabilities) => (probabilities, say("heads.lens.probability")),
        None if has_foil => (lens.values.clone(), say("heads.lens.difference")),
        None => (lens.values.clone(), say("heads.lens.target")),
    };
    let saved = saving::lens(app, title, lens.clone(), drawn.clone());
    let values = StoredValue::new(drawn);
    Effect::new(move |_| {
        let (Some(canvas), true) = (canvas.get(), width.get() > 0.0) else { return };
        let size = (width.get(), (width.get() * 0.4).clamp(180.0, 280.0));
        values.with_value(|values| draw::lens::draw(&canvas, size, values, wins, app.dark.get()));
    });
    let said = match wins {
        Some(wins) => fill("heads.lens.wins", &[&wins, &layers]),
        None if lens.ranks.is_some() => say("heads.lens.never").to_owned(),
        None => String::new(),
    };
    let table = move |part: &Part| {
        let details = part.add_details(say("heads.lens.table"));
        let written = details.add_table("table-box", "lens-table", title);
        let heads = [
            say("heads.lens.after"),
            say("heads.lens.head.target"),
            say("heads.lens.head.logit"),
            say("heads.lens.head.probability"),
            say("heads.lens.head.rank"),
            say("heads.lens.head.best"),
        ]
        .map(str::to_owned);
        written.add_heads(heads.into_iter());
        let lines = written.add("tbody", &[], "");
        for (at, value) in lens.values.iter().enumerate() {
            let figure = |all: &Option<Vec<f64>>| all.as_ref().and_then(|all| all.get(at).copied());
            let probability = figure(&lens.log_probs).filter(|_| !has_foil).map(f64::exp);
            let rank = lens.ranks.as_ref().and_then(|ranks| ranks.get(at));
            let best = lens.best.as_ref().and_then(|best| best.get(at));
            let cells = [
                signed(*value),
                figure(&lens.logits).map(signed).unwrap_or_default(),
                probability.map(percent).unwrap_or_default(),
                rank.map(|rank| (rank + 1).to_string()).unwrap_or_default(),
                best.map(|entry| format!("“{}”", visible(&entry.text))).unwrap_or_default(),
            ];
            lines.add_line(&at.to_string(), cells.into_iter());
        }
    };
    let ends = values.with_value(|values| values.last().copied().map(number)).unwrap_or_default();
    view! {
        <section class="lens" aria-labelledby="lens-title">
            {subheading(Some("lens-title"), "part-title", title)}
            {paragraph(
                "caption",
                say("heads.lens.caption"),
            )}
            <div class="chart-frame" node_ref=frame>
                <canvas
                    node_ref=canvas
                    data-testid="lens-canvas"
                    role="img"
                    aria-label=fill("heads.lens.label", &[&title, &ends])
                ></canvas>
            </div>
            <p class="axis-title" aria-hidden="true">{say("heads.lens.axis")}</p>
            {saved}
            <p class="readout" data-testid="lens-wins">{said}</p>
            {written("", table)}
        </section>
    }
    .into_any()
}
