//! Attention as lines between two columns of tokens: several heads of a layer at once, one colour a head.

use std::collections::BTreeSet;

use headlight_document::{Tile, Whose};
use leptos::ev;
use leptos::html::{Canvas, Div};
use leptos::prelude::*;

use super::attention::width_of;
use super::parts::{changing, span, text};
use super::saving;
use crate::app::App;
use crate::draw::lines::{Columns, draw, margin};
use crate::locale::{fill, say};
use crate::state::attention::strongest;
use crate::state::format::number;
use crate::state::lines::{Filter, LINE, Line, colour, lines};
use crate::state::pieces::named;
use crate::state::sight::{Viewer, WHOLE};

/// How weak a line may be at first, in hundredths.
const THRESHOLD: u32 = 10;

/// The lines of the open head's layer. `picked` is the token that looks, and `pick` takes another.
#[component]
pub fn Lines(
    open: Memo<(usize, usize)>,
    picked: Memo<Option<usize>>,
    #[prop(into)] pick: Callback<usize>,
) -> impl IntoView {
    let app = App::get();
    let frame = NodeRef::<Div>::new();
    let canvas = NodeRef::<Canvas>::new();
    let width = width_of(frame);
    let threshold = RwSignal::new(THRESHOLD);
    let column = RwSignal::new(None::<usize>);
    let labels = app.labels;
    let layer = Memo::new(move |_| open.get().0);
    let count = Memo::new(move |_| app.attention(|_, attention| attention.heads).unwrap_or(0));
    // The open head, and those of its layer that were added.
    let added = RwSignal::new(BTreeSet::new());
    Effect::new(move |_| {
        layer.track();
        added.set(BTreeSet::new());
    });
    let heads = Memo::new(move |_| {
        let mut heads: BTreeSet<usize> = added.get();
        heads.insert(open.get().1);
        heads
    });
    let found = Memo::new(move |_| {
        let (layer, heads) = (layer.get(), heads.get());
        let of = |head: usize| Whose::Head(layer, head);
        app.see(Viewer::Head, &heads.iter().map(|head| Tile { whose: of(*head), side: WHOLE }).collect::<Vec<_>>());
        let maps: Vec<_> =
            heads.iter().filter_map(|head| Some((*head, app.exact(of(*head), <[f32]>::to_vec)?))).collect();
        let columns = app.attention(|_, attention| attention.columns).unwrap_or(0);
        let filter = Filter { threshold: threshold.get() as f32 / 100.0, row: picked.get(), column: column.get() };
        lines(&maps, columns, filter)
    });
    Effect::new(move |_| {
        let (Some(canvas), true) = (canvas.get(), width.get() > 0.0) else { return };
        let (width, dark, picked) = (width.get(), app.dark.get(), (picked.get(), column.get()));
        found.with(|(lines, _)| {
            labels.with(|labels| {
                let (rows, columns) = &**labels;
                draw(&canvas, &Columns { width, rows, columns, lines, picked, dark })
            });
        });
    });
    let said = move || {
        found.with(|(lines, more)| {
            let threshold = number(f64::from(threshold.get()) / 100.0);
            let more = if *more > 0 { fill("lines.more", &[&more]) } else { String::new() };
            match lines.is_empty() {
                true => fill("lines.none", &[&threshold]),
                false => fill("lines.said", &[&lines.len(), &threshold, &more]),
            }
        })
    };
    let best = move || {
        let row = picked.get()?;
        let of_head = |head: usize| {
            let columns = app.attention(|_, attention| attention.columns)?.max(1);
            let best = app.exact(Whose::Head(layer.get(), head), |map| {
                map.chunks_exact(columns).nth(row).map(|weights| strongest(weights, 3))
            });
            let best = best.flatten()?;
            let best: Vec<_> = labels.with(|labels| {
                best.iter()
                    .map(|(at, weight)| format!("“{}” {}", named(&labels.1, *at), number(f64::from(*weight))))
                    .collect()
            });
            Some(fill("lines.head", &[&head, &best.join(", ")]))
        };
        let all: Vec<_> = heads.get().into_iter().filter_map(of_head).collect();
        let from = labels.with(|labels| named(&labels.0, row));
        (!all.is_empty()).then(|| fill("lines.most", &[&from, &all.join(say("lines.then"))]))
    };
    let at = move |event: &ev::MouseEvent| {
        let (x, y) = (f64::from(event.offset_x()), f64::from(event.offset_y()));
        let (token, width) = ((y / LINE).max(0.0) as usize, width.get_untracked());
        labels.with_untracked(|labels| {
            let (rows, columns) = &**labels;
            if x < margin(width) {
                (token < rows.len()).then_some((true, token))
            } else {
                (x > width - margin(width) && token < columns.len()).then_some((false, token))
            }
        })
    };
    let on_click = move |event: ev::MouseEvent| match at(&event) {
        Some((true, row)) => pick.run(row),
        Some((false, token)) => {
            column.update(|column| *column = if *column == Some(token) { None } else { Some(token) });
        }
        None => {}
    };
    // Whether the keys go through the tokens that are looked at.
    let on_right = RwSignal::new(false);
    let on_key = move |event: ev::KeyboardEvent| {
        let (rows, columns) = labels.with_untracked(|labels| (labels.0.len(), labels.1.len()));
        let key = event.key();
        match key.as_str() {
            "ArrowLeft" | "ArrowRight" => {
                event.prevent_default();
                on_right.set(key == "ArrowRight");
                return;
            }
            "ArrowDown" | "ArrowUp" if on_right.get_untracked() => {
                event.prevent_default();
                let here = column.get_untracked();
                column.set(match key.as_str() {
                    "ArrowDown" => Some(here.map_or(0, |at| at + 1).min(columns.saturating_sub(1))),
                    _ => Some(here.map_or(0, |at| at.saturating_sub(1))),
                });
                return;
            }
            _ => {}
        }
        let here = picked.get_untracked();
        let there = match key.as_str() {
            "ArrowDown" => here.map_or(0, |at| (at + 1).min(rows.saturating_sub(1))),
            "ArrowUp" => here.map_or(0, |at| at.saturating_sub(1)),
            "Escape" => {
                column.set(None);
                match here {
                    Some(at) => at,
                    None => return,
                }
            }
            _ => return,
        };
        event.prevent_default();
        if Some(there) != here || key == "Escape" {
            pick.run(there);
        }
    };
    let toggle = move |head: usize| {
        let is_on = move || heads.with(|heads| heads.contains(&head));
        view! {
            <button
                type="button"
                class="head-switch"
                data-testid=format!("line-head-{head}")
                aria-pressed=move || is_on().to_string()
                disabled=move || open.get().1 == head
                style:--head=move || colour(head, app.dark.get()).css()
                on:click=move |_| {
                    added.update(|added| {
                        if !added.remove(&head) {
                            added.insert(head);
                        }
                    });
                }
            >
                {head}
            </button>
        }
    };
    view! {
        <div class="lines" node_ref=frame>
            <div class="line-tools">
                <div class="head-switches" role="group" aria-label=say("lines.heads.label")>
                    <span class="caption">{move || fill("lines.heads", &[&layer.get()])}</span>
                    {move || (0..count.get()).map(toggle).collect_view()}
                    <button
                        type="button"
                        class="quiet"
                        data-testid="line-all"
                        on:click=move |_| added.set((0..count.get_untracked()).collect())
                    >
                        {say("lines.all")}
                    </button>
                </div>
                <label class="threshold">
                    {span("caption", say("lines.threshold"))}
                    <input
                        type="range"
                        min="0"
                        max="100"
                        data-testid="line-threshold"
                        prop:value=move || threshold.get().to_string()
                        on:input=move |event| {
                            if let Ok(value) = event_target_value(&event).parse() {
                                threshold.set(value);
                            }
                        }
                    />
                    <output>{move || number(f64::from(threshold.get()) / 100.0)}</output>
                </label>
            </div>
            <div class="line-frame">
                <canvas
                    id="head-lines"
                    node_ref=canvas
                    data-testid="lines-canvas"
                    data-lines=move || found.with(|(lines, _)| lines.len())
                    data-strongest=move || found.with(|(lines, _)| lines.last().map(Line::said))
                    tabindex="0"
                    role="application"
                    aria-roledescription=say("lines.role")
                    aria-label=say("lines.label")
                    on:click=on_click
                    on:keydown=on_key
                ></canvas>
            </div>
            {saving::lines(app, layer, found)}
            <p class="readout" data-testid="lines-readout" aria-live="polite">{text(said)}</p>
            {changing(move || best().map(|line| view! { <p class="row-line" data-testid="lines-best">{line}</p> }.into_any()))}
        </div>
    }
}
