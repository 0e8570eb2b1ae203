//! Attention: every head at a glance, one head opened, and figures by layer.

use std::sync::Arc;

use headlight_document::AttentionKind;
use leptos::ev;
use leptos::html::{Canvas, Div};
use leptos::prelude::*;
use wasm_bindgen::JsCast;
use wasm_bindgen::closure::Closure;

use super::chart::Chart;
use super::head::HeadView;
use super::legend::AttentionLegend;
use crate::app::{App, When};
use crate::browser;
use crate::draw;
use crate::state::attention::{Figures, aligning_head, suggested_head};
use crate::state::format::number;
use crate::state::grid::{Grid, Way};
use crate::state::words::count;

/// The width of an element in CSS pixels, kept up to date.
pub fn width_of(node: NodeRef<Div>) -> RwSignal<f64> {
    let width = RwSignal::new(0.0);
    Effect::new(move |_| {
        let Some(element) = node.get() else { return };
        width.set(f64::from(element.client_width()));
        let watched = element.clone();
        let measure = Closure::<dyn FnMut()>::new(move || {
            let now = f64::from(watched.client_width());
            if (width.get_untracked() - now).abs() >= 1.0 {
                width.set(now);
            }
        });
        if let Ok(observer) = web_sys::ResizeObserver::new(measure.as_ref().unchecked_ref()) {
            observer.observe(&element);
            // Both are let go together with the element.
            let kept = StoredValue::new_local(Some((observer, measure)));
            on_cleanup(move || {
                if let Some(Some((observer, _))) = kept.try_update_value(Option::take) {
                    observer.disconnect();
                }
            });
        }
    });
    width
}

/// The attention panel.
#[component]
pub fn AttentionPanel() -> impl IntoView {
    let app = App::get();
    let figures =
        Memo::new(move |_| Arc::new(app.attention(|_, attention| Figures::of(attention)).unwrap_or_default()));
    let kinds = Memo::new(move |_| {
        app.shown.with(|shown| shown.document.attention.iter().map(|attention| attention.kind).collect::<Vec<_>>())
    });
    let kind = Memo::new(move |_| app.attention(|_, attention| attention.kind));
    let aligning = Memo::new(move |_| {
        app.attention(|document, attention| {
            (attention.kind == AttentionKind::Cross).then(|| aligning_head(document, attention)).flatten()
        })
        .flatten()
    });
    let is_stale = move || app.shown.with(|shown| shown.request.is_some()) && !app.is_current();
    let size = move || app.attention(|_, map| (map.layers, map.heads)).unwrap_or((0, 0));
    let is_open = Memo::new(move |_| app.open_head().is_some());
    view! {
        <section class="panel attention-panel" class:stale=is_stale aria-labelledby="attention-title">
            <div class="panel-head">
                <h2 id="attention-title">"What attends to what"</h2>
                {move || {
                    let kinds = kinds.get();
                    (kinds.len() > 1).then(|| view! { <Kinds kinds kind/> })
                }}
                <AttentionLegend dark=app.dark.into()/>
            </div>
            <p class="caption">
                {move || {
                    let (layers, heads) = size();
                    let who = match kind.get() {
                        Some(AttentionKind::Cross) => {
                            "rows are what is written and look, columns are the text and are looked at"
                        }
                        _ => "rows look, columns are looked at",
                    };
                    format!(
                        "{} × {}, one square a head: {who}. Choose a square to open it.",
                        count(layers, "layer"),
                        count(heads, "head"),
                    )
                }}
            </p>
            {move || {
                aligning.get().map(|((layer, head), figure)| {
                    view! {
                        <p class="caption" data-testid="alignment" data-layer=layer data-head=head>
                            <span class="ring" aria-hidden="true"></span>
                            {format!(
                                "Layer {layer}, head {head} aligns the two texts best: {} of 1, by the largest weight \
                                 at each word. It comes closest to saying which word became which.",
                                number(figure),
                            )}
                        </p>
                    }
                })
            }}
            <HeadGrid figures aligning/>
            <div class="attention-detail">
                {move || {
                    if is_open.get() {
                        view! { <HeadView/> }.into_any()
                    } else {
                        view! {
                            <div class="no-head"><p>"Choose a head above to see which token looks at which."</p></div>
                        }
                        .into_any()
                    }
                }}
                <Chart figures kind/>
            </div>
        </section>
    }
}

#[component]
fn Kinds(kinds: Vec<AttentionKind>, kind: Memo<Option<AttentionKind>>) -> impl IntoView {
    let app = App::get();
    let choose = move |chosen: AttentionKind| {
        app.edit(When::Never, |form| {
            form.kind = Some(chosen);
            form.head = None;
        });
        let head = untrack(|| app.attention(suggested_head).flatten());
        app.edit(When::Never, |form| form.head = head);
    };
    view! {
        <div class="segments" role="group" aria-label="Which attention" data-testid="attention-kind">
            {kinds
                .into_iter()
                .map(|one| {
                    let (name, title) = match one {
                        AttentionKind::Encoder => ("encoder", "Within the text"),
                        AttentionKind::SelfAttention => ("self", "Within what is written"),
                        AttentionKind::Cross => ("cross", "From one to the other"),
                    };
                    view! {
                        <button
                            type="button"
                            class="segment"
                            data-kind=name
                            aria-pressed=move || (kind.get() == Some(one)).to_string()
                            on:click=move |_| choose(one)
                        >
                            {title}
                        </button>
                    }
                })
                .collect_view()}
        </div>
    }
}

#[component]
fn HeadGrid(figures: Memo<Arc<Figures>>, aligning: Memo<Option<((usize, usize), f64)>>) -> impl IntoView {
    let app = App::get();
    let frame = NodeRef::<Div>::new();
    let canvas = NodeRef::<Canvas>::new();
    let width = width_of(frame);
    let cursor = RwSignal::new((0_usize, 0_usize));
    let is_focused = RwSignal::new(false);
    let hovered = RwSignal::new(None::<(usize, usize)>);
    let open = Memo::new(move |_| app.open_head());
    let grid = Memo::new(move |_| {
        let (layers, heads) = app.attention(|_, map| (map.layers, map.heads)).unwrap_or_default();
        Grid::fit(width.get(), layers, heads)
    });
    Effect::new(move |_| {
        let (Some(canvas), true) = (canvas.get(), width.get() > 0.0) else { return };
        let (grid, dark) = (grid.get(), app.dark.get());
        app.attention(|_, attention| draw::grid::draw(&canvas, &grid, attention, dark));
    });
    let at = move |event: &ev::PointerEvent| {
        grid.get_untracked().at(f64::from(event.offset_x()), f64::from(event.offset_y()))
    };
    let show = move |head: (usize, usize)| {
        cursor.set(head);
        app.edit(When::Never, |form| form.head = Some(head));
    };
    let on_key = move |event: ev::KeyboardEvent| {
        let grid = grid.get_untracked();
        let here = cursor.get_untracked();
        match event.key().as_str() {
            "Enter" | " " => {
                show(here);
                // The map takes the keyboard once it is on the page.
                set_timeout(|| browser::focus("head-map"), std::time::Duration::from_millis(30));
            }
            "Home" => cursor.set((0, 0)),
            "End" => cursor.set((grid.layers.saturating_sub(1), grid.heads.saturating_sub(1))),
            "Escape" => app.edit(When::Never, |form| form.head = None),
            key => match Way::of(key) {
                Some(way) => cursor.set(grid.go(here, way)),
                None => return,
            },
        }
        event.prevent_default();
    };
    let marker = move |head: Option<(usize, usize)>| {
        let grid = grid.get();
        head.filter(|&(layer, head)| layer < grid.layers && head < grid.heads).map(|(layer, head)| {
            let (x, y) = grid.corner(layer, head);
            (x, y, grid.side)
        })
    };
    let named = move |(layer, head): (usize, usize)| {
        figures.with(|figures| {
            let at = layer * figures.heads + head;
            match (figures.entropy.get(at), figures.distance.get(at)) {
                (Some(&entropy), _) if aligning.get().is_some() => {
                    format!("Layer {layer}, head {head}: mean entropy {} nats", number(entropy))
                }
                (Some(&entropy), Some(&distance)) => format!(
                    "Layer {layer}, head {head}: mean entropy {} nats, mean distance {} tokens",
                    number(entropy),
                    number(distance)
                ),
                _ => format!("Layer {layer}, head {head}"),
            }
        })
    };
    let pointed = move || hovered.get().or_else(|| is_focused.get().then(|| cursor.get()));
    view! {
        <div class="grid-frame" node_ref=frame>
            <div class="grid-stage">
                <canvas
                    id="head-grid"
                    node_ref=canvas
                    data-testid="grid-canvas"
                    data-layers=move || grid.get().layers
                    data-heads=move || grid.get().heads
                    data-across=move || grid.get().across.to_string()
                    data-left=move || grid.get().left
                    data-top=move || grid.get().top
                    data-pitch=move || grid.get().pitch
                    tabindex="0"
                    role="application"
                    aria-roledescription="grid of attention heads"
                    aria-label="All attention heads. Arrow keys move, Enter opens a head."
                    aria-describedby="grid-readout"
                    on:keydown=on_key
                    on:pointermove=move |event| hovered.set(at(&event))
                    on:pointerleave=move |_| hovered.set(None)
                    on:click=move |event| {
                        let (x, y) = (f64::from(event.offset_x()), f64::from(event.offset_y()));
                        if let Some(head) = grid.get_untracked().at(x, y) {
                            show(head);
                        }
                    }
                    on:focus=move |_| {
                        if let Some(head) = open.get_untracked() {
                            cursor.set(head);
                        }
                        is_focused.set(true);
                    }
                    on:blur=move |_| is_focused.set(false)
                ></canvas>
                {move || {
                    let head = aligning.get().map(|(head, _)| head);
                    marker(head).map(|(x, y, side)| view! { <Mark x y side kind="aligning"/> })
                }}
                {move || marker(open.get()).map(|(x, y, side)| view! { <Mark x y side kind="open"/> })}
                {move || marker(pointed()).map(|(x, y, side)| view! { <Mark x y side kind="cursor"/> })}
                <span class="grid-axis grid-axis-x" aria-hidden="true">
                    {move || if grid.get().across { "layer" } else { "head" }}
                </span>
                <span class="grid-axis grid-axis-y" aria-hidden="true">
                    {move || if grid.get().across { "head" } else { "layer" }}
                </span>
            </div>
            <p class="readout" id="grid-readout" data-testid="grid-readout" aria-live="polite">
                {move || pointed().or(open.get()).map_or_else(|| "\u{a0}".to_owned(), named)}
            </p>
        </div>
    }
}

#[component]
fn Mark(x: f64, y: f64, side: f64, kind: &'static str) -> impl IntoView {
    view! {
        <span
            class=format!("mark mark-{kind}")
            aria-hidden="true"
            style:transform=format!("translate({x:.1}px, {y:.1}px)")
            style:width=format!("{side:.1}px")
            style:height=format!("{side:.1}px")
        ></span>
    }
}
