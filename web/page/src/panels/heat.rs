//! A map of signed numbers, with its numbers as a table.

use leptos::html::{Canvas, Div};
use leptos::prelude::*;

use super::attention::width_of;
use super::parts::{Part, text, written};
use super::saving;
use crate::app::App;
use crate::draw;
use crate::locale::{fill, say};
use crate::state::colour::Scale;
use crate::state::format::{number, signed};
use crate::state::grid::{Map, Way};
use crate::state::heat::Heat;

/// What lies along one side of a map: the names, or what each is called with its number where there are none.
pub struct Axis {
    /// What one is called.
    pub name: &'static str,
    /// What each is called.
    pub names: Vec<String>,
}

/// A map whose rows are layers. Its columns have these names, or are called `column` with their numbers.
pub fn heat_map(app: App, title: String, column: &'static str, names: Vec<String>, heat: Heat) -> AnyView {
    map(app, title, [Axis { name: say("heat.layer"), names: Vec::new() }, Axis { name: column, names }], heat)
}

/// A map with its rows, then its columns. Where a number is none, nothing is drawn.
pub fn map(app: App, title: String, axes: [Axis; 2], heat: Heat) -> AnyView {
    let [Axis { name: row, names: sides }, Axis { name: column, names }] = axes;
    let left = sides
        .iter()
        .map(|name| name.chars().count())
        .max()
        .map_or(30.0, |longest| (longest as f64).mul_add(6.8, 14.0).clamp(30.0, 110.0));
    let frame = NodeRef::<Div>::new();
    let canvas = NodeRef::<Canvas>::new();
    let width = width_of(frame);
    let longest = names.iter().map(|name| name.chars().count()).max().unwrap_or(2);
    let (layers, count) = (heat.rows, heat.columns);
    // Many layers of few heads make a strip: they go across where there is room.
    let is_long = names.is_empty() && sides.is_empty() && layers > count;
    let across = Memo::new(move |_| is_long && width.get() >= (layers as f64).mul_add(16.0, 31.0));
    let size = move || if across.get() { (count, layers) } else { (layers, count) };
    // Layer and column of a cell, either way.
    let of_cell =
        move |(row, column): (usize, usize)| if across.get_untracked() { (column, row) } else { (row, column) };
    let map = Memo::new(move |_| {
        let (rows, columns) = size();
        let top = (longest as f64 * 6.8 + 18.0).clamp(26.0, 92.0);
        // Rows are as high as columns are wide: the map is as broad as there is room, or as many small squares.
        let cell = ((width.get() - left - 1.0).max(1.0) / columns.max(1) as f64).min(36.0);
        Map { rows, columns, cell, left, top }
    });
    let limit = Scale::of(heat.values.iter().copied(), true).limit;
    let has_negative = heat.values.iter().any(|value| *value < 0.0);
    let turned = StoredValue::new(heat.turned());
    let heat = StoredValue::new(heat);
    let has_sides = !sides.is_empty();
    let names = StoredValue::new([sides, names]);
    let saved = saving::heat(app, title.clone(), column, names.get_value(), heat.get_value());
    let pointed = RwSignal::new(None::<(usize, usize)>);
    Effect::new(move |_| {
        let (Some(canvas), true) = (canvas.get(), width.get() > 0.0) else { return };
        let (map, dark) = (map.get(), app.dark.get());
        let drawn = if across.get() { turned } else { heat };
        drawn.with_value(|heat| names.with_value(|names| draw::heat::draw(&canvas, &map, heat, names, dark)));
    });
    let called = move |axis: usize, at: usize| {
        let plain = if axis == 0 { row } else { column };
        names.with_value(|names| match names.get(axis).and_then(|names| names.get(at)) {
            Some(name) => format!("“{name}”"),
            None => format!("{plain} {at}"),
        })
    };
    let readout = move || {
        let found = pointed.get().and_then(|(layer, at)| {
            let value = signed(heat.with_value(|heat| heat.at(layer, at)).filter(|value| value.is_finite())?);
            Some(match has_sides {
                true => fill("heat.pair", &[&called(0, layer), &called(1, at), &value]),
                false => fill("heat.cell", &[&layer, &called(1, at), &value]),
            })
        });
        found.unwrap_or_else(|| "\u{a0}".to_owned())
    };
    let on_key = move |event: leptos::ev::KeyboardEvent| {
        let Some(way) = Way::of(&event.key()) else { return };
        event.prevent_default();
        let (rows, columns) = untrack(size);
        let here = pointed.get_untracked().map(of_cell);
        let there = here.map_or((0, 0), |here| way.go(here, rows, columns));
        pointed.set(Some(of_cell(there)));
    };
    let label = title.clone();
    let numbers = move |part: &Part| {
        let table = part.add_details(say("heat.table")).add_table("table-box", "heat-table", &label);
        table.add_heads(std::iter::once(row.to_owned()).chain((0..count).map(|at| called(1, at))));
        let lines = table.add("tbody", &[], "");
        for layer in 0..layers {
            let value = |at: usize| heat.with_value(|heat| heat.at(layer, at)).filter(|value| value.is_finite());
            let cell = |at: usize| value(at).map(number).unwrap_or_default();
            let head = if has_sides { called(0, layer) } else { layer.to_string() };
            lines.add_line(&head, (0..count).map(cell));
        }
    };
    view! {
        <figure class="heat">
            <figcaption>
                <b>{title.clone()}</b> " "
                <span class="caption">
                    {move || {
                        let way = if across.get() { say("heat.across") } else { "" };
                        match has_negative {
                            true => fill("heat.signed", &[&number(limit), &way]),
                            false => fill("heat.positive", &[&number(limit), &way]),
                        }
                    }}
                </span>
            </figcaption>
            <div class="chart-frame" node_ref=frame>
                <canvas
                    node_ref=canvas
                    data-testid="heat-canvas"
                    data-rows=move || size().0.to_string()
                    data-columns=move || size().1.to_string()
                    tabindex="0"
                    role="application"
                    aria-roledescription=say("heat.role")
                    aria-label=fill("heat.label", &[&title])
                    on:keydown=on_key
                    on:pointermove=move |event| {
                        let at = map.get_untracked().at(f64::from(event.offset_x()), f64::from(event.offset_y()));
                        pointed.set(at.map(of_cell));
                    }
                    on:pointerleave=move |_| pointed.set(None)
                ></canvas>
            </div>
            {saved}
            <p class="readout" aria-live="polite">{text(readout)}</p>
            {written("", numbers)}
        </figure>
    }
    .into_any()
}
