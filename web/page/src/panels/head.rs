//! One head, opened: its map with tokens on both axes, cell by cell with pointer or keyboard.

use leptos::ev;
use leptos::html::{Canvas, Div};
use leptos::prelude::*;

use super::attention::width_of;
use crate::app::{App, When};
use crate::browser;
use crate::draw;
use crate::state::attention::{is_blank, strongest};
use crate::state::format::number;
use crate::state::grid::{Map, Way};
use crate::state::pieces::visible;

/// The open head.
#[component]
pub fn HeadView() -> impl IntoView {
    let app = App::get();
    let frame = NodeRef::<Div>::new();
    let canvas = NodeRef::<Canvas>::new();
    let width = width_of(frame);
    let open = Memo::new(move |_| app.open_head().unwrap_or((0, 0)));
    let picked = Memo::new(move |_| app.picked_token());
    let cell = RwSignal::new(None::<(usize, usize)>);
    let hovered = RwSignal::new(None::<(usize, usize)>);
    let labels = Memo::new(move |_| {
        app.shown.with(|shown| shown.document.input.tokens.iter().map(|token| token.text.clone()).collect::<Vec<_>>())
    });
    let map = Memo::new(move |_| {
        let (rows, columns) =
            app.shown.with(|shown| shown.document.attention.first().map_or((0, 0), |a| (a.rows, a.columns)));
        let longest = labels.with(|labels| labels.iter().map(|text| visible(text).chars().count()).max().unwrap_or(0));
        let room = (longest as f64 * 6.8 + 18.0).clamp(36.0, 92.0);
        Map::fit(width.get(), rows, columns, room)
    });
    Effect::new(move |_| {
        let (Some(canvas), true) = (canvas.get(), width.get() > 0.0) else { return };
        let ((layer, head), map, dark) = (open.get(), map.get(), app.dark.get());
        app.shown.with(|shown| {
            let Some(attention) = shown.document.attention.first() else { return };
            let Some(weights) = attention.head(layer, head) else { return };
            labels.with(|labels| draw::map::draw(&canvas, &map, weights, attention.kind, labels, labels, dark));
        });
    });
    // The weight of a cell, none where nothing can be attended to.
    let weight = move |row: usize, column: usize| {
        let (layer, head) = open.get();
        app.shown.with(|shown| {
            let attention = shown.document.attention.first()?;
            if is_blank(attention.kind, row, column) {
                return None;
            }
            attention.head(layer, head)?.get(row * attention.columns + column).copied()
        })
    };
    let name = move |at: usize| labels.with(|labels| labels.get(at).map_or_else(String::new, |text| visible(text)));
    let shown_cell = move || hovered.get().or(cell.get());
    let readout = move || match shown_cell() {
        Some((row, column)) => match weight(row, column) {
            Some(weight) => {
                format!("{row} “{}” → {column} “{}”: {}", name(row), name(column), number(f64::from(weight)))
            }
            None => format!("{row} “{}” cannot see {column} “{}”: it comes later.", name(row), name(column)),
        },
        None => "Point at a cell, or move with the arrow keys, to see its weight.".to_owned(),
    };
    let row_line = move || {
        let row = picked.get()?;
        let (layer, head) = open.get();
        let best = app.shown.with(|shown| {
            let attention = shown.document.attention.first()?;
            let weights = attention.head(layer, head)?.chunks_exact(attention.columns.max(1)).nth(row)?;
            Some(strongest(weights, 5))
        })?;
        let best: Vec<_> =
            best.iter().map(|&(at, weight)| format!("“{}” {}", name(at), number(f64::from(weight)))).collect();
        Some(format!("“{}” looks most at {}.", name(row), best.join(", ")))
    };
    let pick = move |row: usize| {
        app.edit(When::Never, |form| form.token = if form.token == Some(row) { None } else { Some(row) });
    };
    let close = move || {
        app.edit(When::Never, |form| form.head = None);
        browser::focus("head-grid");
    };
    let on_key = move |event: ev::KeyboardEvent| {
        let map = map.get_untracked();
        let here = cell.get_untracked().unwrap_or((picked.get_untracked().unwrap_or(0), 0));
        match event.key().as_str() {
            "Escape" => close(),
            "Enter" | " " => pick(here.0),
            "Home" => cell.set(Some((here.0, 0))),
            "End" => cell.set(Some((here.0, map.columns.saturating_sub(1)))),
            key => match Way::of(key) {
                Some(way) => {
                    let there = way.go(here, map.rows, map.columns);
                    cell.set(Some(if cell.get_untracked().is_none() { here } else { there }));
                }
                None => return,
            },
        }
        hovered.set(None);
        event.prevent_default();
    };
    let band = move |row: usize| {
        let map = map.get();
        (row < map.rows).then(|| {
            view! {
                <span
                    class="mark mark-row"
                    aria-hidden="true"
                    style:transform=format!("translate({:.1}px, {:.1}px)", map.left, map.top + row as f64 * map.cell)
                    style:width=format!("{:.1}px", map.cell * map.columns as f64)
                    style:height=format!("{:.1}px", map.cell.max(2.0))
                ></span>
            }
        })
    };
    let cursor = move || {
        let map = map.get();
        shown_cell().filter(|&(row, column)| row < map.rows && column < map.columns).map(|(row, column)| {
            let (x, y) = (map.left + column as f64 * map.cell, map.top + row as f64 * map.cell);
            let side = map.cell.max(4.0);
            view! {
                <span
                    class="mark mark-cursor"
                    aria-hidden="true"
                    style:transform=format!("translate({x:.1}px, {y:.1}px)")
                    style:width=format!("{side:.1}px")
                    style:height=format!("{side:.1}px")
                ></span>
            }
        })
    };
    view! {
        <section class="head-view" aria-labelledby="head-title">
            <div class="panel-head">
                <h3 id="head-title">
                    {move || {
                        let (layer, head) = open.get();
                        format!("Layer {layer} · Head {head}")
                    }}
                </h3>
                <button type="button" class="quiet" data-testid="close-head" aria-label="Close this head" on:click=move |_| close()>
                    "✕"
                </button>
            </div>
            <div class="head-frame" node_ref=frame>
                <div class="head-stage">
                    <canvas
                        id="head-map"
                        node_ref=canvas
                        data-testid="head-canvas"
                        data-layer=move || open.get().0
                        data-head=move || open.get().1
                        data-left=move || map.get().left
                        data-top=move || map.get().top
                        data-cell=move || map.get().cell
                        tabindex="0"
                        role="application"
                        aria-roledescription="attention map"
                        aria-label="Attention of this head. Rows look, columns are looked at. Arrow keys move, Enter picks a row, Escape closes."
                        aria-describedby="head-readout"
                        on:keydown=on_key
                        on:pointermove=move |event| {
                            hovered.set(map.get_untracked().at(f64::from(event.offset_x()), f64::from(event.offset_y())));
                        }
                        on:pointerleave=move |_| hovered.set(None)
                        on:click=move |event| {
                            let (x, y) = (f64::from(event.offset_x()), f64::from(event.offset_y()));
                            if let Some((row, column)) = map.get_untracked().at(x, y) {
                                cell.set(Some((row, column)));
                                pick(row);
                            }
                        }
                    ></canvas>
                    {move || picked.get().and_then(band)}
                    {cursor}
                </div>
            </div>
            <p class="readout" id="head-readout" data-testid="readout" aria-live="polite">{readout}</p>
            <p class="row-line" data-testid="row-line">{row_line}</p>
        </section>
    }
}
