//! One head, opened: its map with tokens on both axes, cell by cell with pointer or keyboard.

use headlight_document::link::HeadPicture;
use headlight_document::{AttentionKind, Scaled, Tile, Whose};
use leptos::ev;
use leptos::html::{Canvas, Div};
use leptos::prelude::*;

use super::attention::width_of;
use super::lines::Lines;
use super::neurons::NeuronView;
use super::parts::{segment, span};
use super::saving;
use super::weights::weights;
use crate::app::{App, When};
use crate::browser;
use crate::draw;
use crate::locale::{fill, say};
use crate::state::attention::{is_blank, is_of_text, shared_keys, strongest};
use crate::state::format::number;
use crate::state::grid::{Map, Way};
use crate::state::intervene::{percent, scale};
use crate::state::pieces::{named, visible};
use crate::state::sight::{Viewer, WHOLE};

/// What the keyboard's focus finds the picture of the open head by.
pub fn id_of(picture: HeadPicture) -> &'static str {
    match picture {
        HeadPicture::Map => "head-map",
        HeadPicture::Lines => "head-lines",
        HeadPicture::Neurons => "head-neurons",
    }
}

/// Scales the head's output, to see what the model answers then.
#[component]
fn Scaling(open: Memo<(usize, usize)>, kind: Memo<AttentionKind>) -> impl IntoView {
    let app = App::get();
    let now = move || {
        let (layer, head) = open.get();
        app.form.with(|form| percent(&form.intervention, kind.get(), layer, Some(head)))
    };
    let one = move |to: u16, name: &'static str, title: &'static str| {
        let press = move || {
            let ((layer, head), kind) = (open.get_untracked(), kind.get_untracked());
            app.intervene(|all| scale(all, Scaled { kind, layer, head: Some(head), percent: to }));
        };
        segment(name, title, "", move || now() == to, press)
    };
    view! {
        <div class="scaling">
            {span("caption", say("head.output"))}
            <div class="segments" role="group" aria-label=say("head.output.label")>
                {one(100, "scale-100", say("head.as_it_is"))} {one(0, "scale-0", say("head.taken_out"))} {one(50, "scale-50", say("head.halved"))}
                {one(200, "scale-200", say("head.doubled"))}
            </div>
        </div>
    }
}

/// Chooses as what the head is drawn.
#[component]
fn Pictures() -> impl IntoView {
    let app = App::get();
    let one = move |picture: HeadPicture, name: &'static str, title: &'static str| {
        let is_chosen = move || app.form.with(|form| form.picture) == picture;
        segment(name, title, "", is_chosen, move || app.edit(When::Never, |form| form.picture = picture))
    };
    view! {
        <div class="segments" role="group" aria-label=say("head.picture")>
            {one(HeadPicture::Map, "picture-map", say("head.map"))}
            {one(HeadPicture::Lines, "picture-lines", say("head.lines"))}
            {one(HeadPicture::Neurons, "picture-neurons", say("head.neurons"))}
        </div>
    }
}

/// The open head.
#[component]
pub fn HeadView() -> impl IntoView {
    let app = App::get();
    let frame = NodeRef::<Div>::new();
    let canvas = NodeRef::<Canvas>::new();
    let width = width_of(frame);
    let picture = Memo::new(move |_| app.form.with(|form| form.picture));
    let open = Memo::new(move |_| app.open_head().unwrap_or((0, 0)));
    let kind = Memo::new(move |_| app.attention(|_, attention| attention.kind).unwrap_or(AttentionKind::Encoder));
    // Whether a row is a token of the text; else it is one that the model wrote, and is picked here alone.
    let rows_are_input = Memo::new(move |_| app.shown.with(|shown| is_of_text(&shown.document, kind.get(), true)));
    // The target's own, unless another was picked, or none.
    let own_row = RwSignal::new(None::<Option<usize>>);
    let cell = RwSignal::new(None::<(usize, usize)>);
    let hovered = RwSignal::new(None::<(usize, usize)>);
    let labels = app.labels;
    let map = Memo::new(move |_| {
        let (rows, columns) = app.attention(|_, a| (a.rows, a.columns)).unwrap_or_default();
        let longest = labels.with(|labels| {
            let (rows, columns) = &**labels;
            rows.iter().chain(columns).map(|text| visible(text).chars().count()).max().unwrap_or(0)
        });
        let room = (longest as f64 * 6.8 + 18.0).clamp(36.0, 92.0);
        Map::fit(width.get(), rows, columns, room)
    });
    let picked = Memo::new(move |_| {
        let row = if rows_are_input.get() {
            app.picked_token()
        } else {
            own_row.get().unwrap_or_else(|| app.shown.with(|shown| shown.document.target.position))
        };
        row.filter(|&row| row < map.get().rows)
    });
    // Between two texts a token of the input is a column.
    let picked_column = Memo::new(move |_| {
        app.picked_token().filter(|&at| kind.get() == AttentionKind::Cross && at < map.get().columns)
    });
    Effect::new(move |_| {
        let (Some(canvas), true) = (canvas.get(), width.get() > 0.0) else { return };
        let ((layer, head), map, dark) = (open.get(), map.get(), app.dark.get());
        // All of it, where the screen has room for that.
        app.see(Viewer::Head, &[Tile { whose: Whose::Head(layer, head), side: WHOLE }]);
        app.picture(Whose::Head(layer, head), |picture| {
            labels.with(|labels| draw::map::draw(&canvas, &map, picture, kind.get(), &labels.0, &labels.1, dark))
        });
    });
    // The weight of a cell, none where nothing can be attended to.
    let weight = move |row: usize, column: usize| {
        let (layer, head) = open.get();
        if is_blank(kind.get(), row, column) {
            return None;
        }
        app.exact(Whose::Head(layer, head), |weights| weights.get(row * map.get().columns + column).copied()).flatten()
    };
    let row_name = move |at: usize| labels.with(|labels| named(&labels.0, at));
    let column_name = move |at: usize| labels.with(|labels| named(&labels.1, at));
    let shown_cell = move || hovered.get().or(cell.get());
    let readout = move || match shown_cell() {
        Some((row, column)) => match weight(row, column) {
            Some(weight) => {
                format!("{row} “{}” → {column} “{}”: {}", row_name(row), column_name(column), number(f64::from(weight)))
            }
            None if is_blank(kind.get(), row, column) => {
                fill("head.later", &[&row, &row_name(row), &column, &column_name(column)])
            }
            None => format!("{row} “{}” → {column} “{}”", row_name(row), column_name(column)),
        },
        None => say("head.point").to_owned(),
    };
    let list = |best: Vec<(usize, f32)>, name: &dyn Fn(usize) -> String| {
        let best: Vec<_> =
            best.iter().map(|&(at, weight)| format!("“{}” {}", name(at), number(f64::from(weight)))).collect();
        best.join(", ")
    };
    let row_line = move || {
        let row = picked.get()?;
        let (layer, head) = open.get();
        let columns = map.get().columns.max(1);
        let best = app.exact(Whose::Head(layer, head), |weights| {
            weights.chunks_exact(columns).nth(row).map(|row| strongest(row, 5))
        });
        let best = best.flatten()?;
        Some(fill("head.row", &[&row_name(row), &list(best, &column_name)]))
    };
    let column_line = move || {
        let column = picked_column.get()?;
        let (layer, head) = open.get();
        let columns = map.get().columns.max(1);
        let best = app.exact(Whose::Head(layer, head), |weights| {
            let column: Vec<f32> = weights.iter().skip(column).step_by(columns).copied().collect();
            strongest(&column, 5)
        })?;
        Some(fill("head.column", &[&column_name(column), &list(best, &row_name)]))
    };
    // Encoders, and what looks from one text to another, have a key for each query head.
    let keys_line = move || {
        let (_, head) = open.get();
        app.attention(|document, attention| {
            let is_self = attention.kind == AttentionKind::SelfAttention;
            is_self.then(|| shared_keys(attention.heads, document.model.key_value_heads, head)).flatten()
        })
        .flatten()
        .map(|line| view! { <p class="caption" data-testid="key-head">{line}</p> })
    };
    let pick = move |row: usize| {
        if rows_are_input.get_untracked() {
            app.edit(When::Never, |form| form.token = if form.token == Some(row) { None } else { Some(row) });
        } else {
            let is_picked = picked.get_untracked() == Some(row);
            own_row.set(Some((!is_picked).then_some(row)));
        }
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
    let band = move |x: f64, y: f64, width: f64, height: f64| {
        view! {
            <span
                class="mark mark-row"
                aria-hidden="true"
                style:transform=format!("translate({x:.1}px, {y:.1}px)")
                style:width=format!("{width:.1}px")
                style:height=format!("{height:.1}px")
            ></span>
        }
    };
    let row_band = move || {
        let map = map.get();
        let row = picked.get().filter(|&row| row < map.rows)? as f64;
        Some(band(map.left, map.top + row * map.cell, map.cell * map.columns as f64, map.cell.max(2.0)))
    };
    let column_band = move || {
        let map = map.get();
        let column = picked_column.get().filter(|&column| column < map.columns)? as f64;
        Some(band(map.left + column * map.cell, map.top, map.cell.max(2.0), map.cell * map.rows as f64))
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
    let map_view = move || {
        view! {
            <div class="head-frame">
                <div class="head-stage">
                    <canvas
                        id="head-map"
                        node_ref=canvas
                        data-testid="head-canvas"
                        data-layer=move || open.get().0
                        data-head=move || open.get().1
                        data-rows=move || map.get().rows
                        data-columns=move || map.get().columns
                        data-left=move || map.get().left
                        data-top=move || map.get().top
                        data-cell=move || map.get().cell
                        tabindex="0"
                        role="application"
                        aria-roledescription=say("head.role")
                        aria-label=say("head.label")
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
                    {row_band}
                    {column_band}
                    {cursor}
                </div>
            </div>
            {saving::map(app, open, kind)}
            <p class="readout" id="head-readout" data-testid="readout" aria-live="polite">{readout}</p>
            <p class="row-line" data-testid="row-line">{row_line} {column_line}</p>
        }
    };
    view! {
        <section class="head-view" aria-labelledby="head-title">
            <div class="panel-head">
                <h3 id="head-title">
                    {move || {
                        let (layer, head) = open.get();
                        fill("head.title", &[&layer, &head])
                    }}
                </h3>
                {super::explain_me::explain_me("head")}
                <button type="button" class="quiet" data-testid="close-head" aria-label=say("head.close") on:click=move |_| close()>
                    "✕"
                </button>
            </div>
            {keys_line}
            <Scaling open kind/>
            <Pictures/>
            <div class="head-body" node_ref=frame>
                {move || match picture.get() {
                    HeadPicture::Map => map_view().into_any(),
                    HeadPicture::Lines => view! { <Lines open picked pick/> }.into_any(),
                    HeadPicture::Neurons => view! { <NeuronView open kind picked pick/> }.into_any(),
                }}
            </div>
            {weights(app, open, kind)}
        </section>
    }
}
