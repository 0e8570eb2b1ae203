//! A figure of every head by layer, with its numbers as a table.

use std::sync::Arc;

use headlight_document::AttentionKind;
use leptos::html::{Canvas, Div};
use leptos::prelude::*;

use super::attention::width_of;
use super::parts::{Part, subheading, written};
use super::saving;
use crate::app::App;
use crate::draw;
use crate::locale::{fill, say};
use crate::state::attention::Figures;
use crate::state::format::number;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Figure {
    Entropy,
    Distance,
}

impl Figure {
    fn title(self) -> &'static str {
        match self {
            Self::Entropy => say("chart.entropy"),
            Self::Distance => say("chart.distance"),
        }
    }

    fn meaning(self) -> &'static str {
        match self {
            Self::Entropy => say("chart.entropy.meaning"),
            Self::Distance => say("chart.distance.meaning"),
        }
    }

    fn values(self, figures: &Figures) -> &[f64] {
        match self {
            Self::Entropy => &figures.entropy,
            Self::Distance => &figures.distance,
        }
    }
}

/// The chart beside the open head.
#[component]
pub fn Chart(figures: Memo<Arc<Figures>>, kind: Memo<Option<AttentionKind>>) -> impl IntoView {
    let app = App::get();
    let frame = NodeRef::<Div>::new();
    let canvas = NodeRef::<Canvas>::new();
    let width = width_of(frame);
    let picked = RwSignal::new(Figure::Entropy);
    // Between two texts a distance of places says little.
    let is_cross = move || kind.get() == Some(AttentionKind::Cross);
    let figure = Memo::new(move |_| if is_cross() { Figure::Entropy } else { picked.get() });
    let open = Memo::new(move |_| app.open_head());
    Effect::new(move |_| {
        let (Some(canvas), true) = (canvas.get(), width.get() > 0.0) else { return };
        let (figures, figure, open, dark) = (figures.get(), figure.get(), open.get(), app.dark.get());
        let values = figure.values(&figures);
        let size = (width.get(), (width.get() * 0.5).clamp(200.0, 300.0));
        draw::chart::draw(&canvas, size, figures.heads, values, &figures.by_layer(values), open, dark);
    });
    let switch = move |which: Figure| {
        view! {
            <button
                type="button"
                class="segment"
                aria-pressed=move || (figure.get() == which).to_string()
                on:click=move |_| picked.set(which)
            >
                {which.title()}
            </button>
        }
    };
    // Of every head too: it is the table behind the grid of heads, which speaks of the same figures.
    let table = move |part: &Part| {
        let (figures, title) = (figures.get(), figure.get().title());
        let values = figure.get().values(&figures);
        let table = part.add("table", &[("data-testid", "chart-table")], "");
        table.add("caption", &[], &fill("chart.caption", &[&title]));
        let heads = (0..figures.heads).map(|head| fill("chart.head", &[&head]));
        table.add_heads([say("chart.layer"), title].map(str::to_owned).into_iter().chain(heads));
        let lines = table.add("tbody", &[], "");
        let of_heads = values.chunks(figures.heads.max(1));
        for (layer, (mean, heads)) in figures.by_layer(values).into_iter().zip(of_heads).enumerate() {
            let all = std::iter::once(mean).chain(heads.iter().copied());
            lines.add_line(&layer.to_string(), all.map(number));
        }
    };
    let read = move || {
        let (figure, figures) = (figure.get(), figures.get());
        let values = figure.values(&figures).to_vec();
        (figure.title(), figures, values)
    };
    view! {
        <section class="chart" aria-labelledby="chart-title">
            <div class="panel-head">
                {subheading(Some("chart-title"), "", say("chart.title"))}
                <div class="segments" role="group" aria-label=say("chart.figure")>
                    {switch(Figure::Entropy)} {move || (!is_cross()).then(|| switch(Figure::Distance))}
                </div>
                {saving::chart(app, read)}
            </div>
            <p class="caption">{move || figure.get().meaning()} {say("chart.note")}</p>
            <div class="chart-frame" node_ref=frame>
                <canvas
                    node_ref=canvas
                    data-testid="chart-canvas"
                    role="img"
                    aria-label=move || fill("chart.label", &[&figure.get().title()])
                ></canvas>
            </div>
            <p class="axis-title" aria-hidden="true">{say("chart.axis")}</p>
            {written("visually-hidden", table)}
        </section>
    }
}
