//! A map of signed numbers by layer, with its numbers as a table.

use leptos::html::{Canvas, Div};
use leptos::prelude::*;

use super::attention::width_of;
use super::parts::{Part, text, written};
use crate::app::App;
use crate::draw;
use crate::state::colour::Scale;
use crate::state::format::{number, signed};
use crate::state::grid::Map;
use crate::state::heat::Heat;

/// A map whose rows are layers. Its columns have these names, or are called `column` with their numbers.
pub fn heat_map(app: App, title: String, column: &'static str, names: Vec<String>, heat: Heat) -> AnyView {
    let frame = NodeRef::<Div>::new();
    let canvas = NodeRef::<Canvas>::new();
    let width = width_of(frame);
    let longest = names.iter().map(|name| name.chars().count()).max().unwrap_or(2);
    let (rows, columns) = (heat.rows, heat.columns);
    let map = Memo::new(move |_| {
        let top = (longest as f64 * 6.8 + 18.0).clamp(26.0, 92.0);
        // Rows are as high as columns are wide: the map is as broad as there is room, or as many small squares.
        let cell = ((width.get() - 31.0).max(1.0) / columns.max(1) as f64).min(36.0);
        Map { rows, columns, cell, left: 30.0, top }
    });
    let limit = Scale::of(heat.values.iter().copied(), true).limit;
    let heat = StoredValue::new(heat);
    let names = StoredValue::new(names);
    let pointed = RwSignal::new(None::<(usize, usize)>);
    Effect::new(move |_| {
        let (Some(canvas), true) = (canvas.get(), width.get() > 0.0) else { return };
        let (map, dark) = (map.get(), app.dark.get());
        heat.with_value(|heat| names.with_value(|names| draw::heat::draw(&canvas, &map, heat, names, dark)));
    });
    let name = move |at: usize| {
        names.with_value(|names| names.get(at).map_or_else(|| format!("{column} {at}"), |name| format!("“{name}”")))
    };
    let readout = move || {
        let found = pointed.get().and_then(|(layer, at)| {
            Some(format!("layer {layer}, {}: {}", name(at), signed(heat.with_value(|heat| heat.at(layer, at))?)))
        });
        found.unwrap_or_else(|| "\u{a0}".to_owned())
    };
    let label = title.clone();
    let numbers = move |part: &Part| {
        let table = part.add_details("As a table").add_table("table-box", "heat-table", &label);
        table.add_heads(std::iter::once("layer".to_owned()).chain((0..columns).map(name)));
        let lines = table.add("tbody", &[], "");
        for layer in 0..rows {
            let cell = |at: usize| heat.with_value(|heat| heat.at(layer, at)).map(number).unwrap_or_default();
            lines.add_line(&layer.to_string(), (0..columns).map(cell));
        }
    };
    view! {
        <figure class="heat">
            <figcaption>
                <b>{title.clone()}</b> " "
                <span class="caption">{format!("orange −{0}, blue +{0}", number(limit))}</span>
            </figcaption>
            <div class="chart-frame" node_ref=frame>
                <canvas
                    node_ref=canvas
                    data-testid="heat-canvas"
                    data-rows=rows.to_string()
                    data-columns=columns.to_string()
                    role="img"
                    aria-label=format!("{title}; its numbers are in the table that follows")
                    on:pointermove=move |event| {
                        pointed.set(map.get_untracked().at(f64::from(event.offset_x()), f64::from(event.offset_y())));
                    }
                    on:pointerleave=move |_| pointed.set(None)
                ></canvas>
            </div>
            <p class="readout">{text(readout)}</p>
            {written("", numbers)}
        </figure>
    }
    .into_any()
}
