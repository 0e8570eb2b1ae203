//! Gradient × activation by layer: what each layer's output and each head adds to the target.

use headlight_document::{Explanation, LayerAttribution};
use leptos::html::{Canvas, Div};
use leptos::prelude::*;

use super::is_stale;
use crate::app::App;
use crate::draw;
use crate::panels::attention::width_of;
use crate::state::colour::Scale;
use crate::state::form::Form;
use crate::state::format::{number, signed};
use crate::state::grid::Map;
use crate::state::heat::{self, Heat};
use crate::state::pieces::visible;

/// The button, and the maps once they are there.
#[component]
pub fn Layers() -> impl IntoView {
    let app = App::get();
    let is_stale = Memo::new(move |_| is_stale(app, app.layered));
    let is_there = Memo::new(move |_| app.layered.with(Option::is_some));
    let is_busy = move || app.conductor.with(|conductor| conductor.comparing().is_some());
    view! {
        <section class="layers" aria-labelledby="layers-title">
            <h3 class="part-title" id="layers-title">"Layer by layer"</h3>
            <p class="caption">
                "Gradient × activation at every layer’s output and in every head, from one run: where on its way through the \
                 model a token counts for the answer, and which heads carry it."
            </p>
            <button type="button" class="small" data-testid="run-layers" prop:disabled=is_busy
                on:click=move |_| app.compare(app.form.with_untracked(Form::layer_request))>
                {move || if is_there.get() { "Run again" } else { "Gradient × activation by layer" }}
            </button>
            {move || is_stale.get().then(|| view! {
                <p class="caption" data-testid="layers-stale">"These are of an earlier question."</p>
            })}
            <div class="heats" class:stale=move || is_stale.get()>
                {move || {
                    app.layered.with(|layered| {
                        let document = layered.as_ref().map(|layered| &layered.document);
                        document.map(|document| document.layers.iter().map(|stack| maps(document, stack)).collect_view())
                    })
                }}
            </div>
        </section>
    }
}

fn maps(document: &Explanation, stack: &LayerAttribution) -> AnyView {
    let input: Vec<String> = document.input.tokens.iter().map(|token| visible(&token.text)).collect();
    // A decoder beside an encoder reads what it has written, which the input's names are not of.
    let tokens = if input.len() == stack.tokens { input } else { Vec::new() };
    let title = if document.layers.len() > 1 { format!("{}: ", heat::title(stack.kind)) } else { String::new() };
    view! {
        <HeatMap title=format!("{title}layers × tokens") row="layer" column="token" names=tokens heat=heat::outputs(stack)/>
        <HeatMap title=format!("{title}layers × heads") row="layer" column="head" names=Vec::new() heat=heat::heads(stack)/>
    }
    .into_any()
}

#[component]
fn HeatMap(title: String, row: &'static str, column: &'static str, names: Vec<String>, heat: Heat) -> impl IntoView {
    let app = App::get();
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
    let readout = move || match pointed
        .get()
        .and_then(|(layer, at)| Some((layer, at, heat.with_value(|heat| heat.at(layer, at))?)))
    {
        Some((layer, at, value)) => format!("{row} {layer}, {}: {}", name(at), signed(value)),
        None => "\u{a0}".to_owned(),
    };
    let lines = move || {
        heat.with_value(|heat| {
            (0..heat.rows)
                .map(|layer| {
                    let cells: Vec<_> = (0..heat.columns)
                        .map(|at| view! { <td class="figure">{heat.at(layer, at).map(number)}</td> })
                        .collect();
                    view! { <tr><th scope="row">{layer}</th> {cells}</tr> }
                })
                .collect_view()
        })
    };
    view! {
        <figure class="heat">
            <figcaption>
                <b>{title.clone()}</b> " "
                <span class="caption">{format!("orange −{}, blue +{}", number(limit), number(limit))}</span>
            </figcaption>
            <div class="chart-frame" node_ref=frame>
                <canvas
                    node_ref=canvas
                    data-testid="heat-canvas"
                    data-rows=rows
                    data-columns=columns
                    role="img"
                    aria-label=format!("{title}; its numbers are in the table that follows")
                    on:pointermove=move |event| {
                        pointed.set(map.get_untracked().at(f64::from(event.offset_x()), f64::from(event.offset_y())));
                    }
                    on:pointerleave=move |_| pointed.set(None)
                ></canvas>
            </div>
            <p class="readout">{readout}</p>
            <details class="as-table">
                <summary>"As a table"</summary>
                <div class="table-box" tabindex="0" role="region" aria-label=title.clone()>
                    <table data-testid="heat-table">
                        <thead>
                            <tr>
                                <th scope="col">{row}</th>
                                {(0..columns).map(|at| view! { <th scope="col">{name(at)}</th> }).collect_view()}
                            </tr>
                        </thead>
                        <tbody>{lines}</tbody>
                    </table>
                </div>
            </details>
        </figure>
    }
}
