//! The open head's queries and keys, number by number (BertViz's neuron view).

use headlight_document::AttentionKind;
use leptos::ev;
use leptos::html::{Canvas, Div};
use leptos::prelude::*;

use super::attention::width_of;
use super::parts::changing;
use super::saving;
use crate::app::App;
use crate::draw::neurons::{LINE, Layout, TOP, draw};
use crate::locale::{fill, say};
use crate::state::format::signed;
use crate::state::inside::{Known, Place, products, scores};
use crate::state::pieces::named;

/// The numbers of one query and all keys. `picked` is the token that looks, and `pick` takes another.
#[component]
pub fn NeuronView(
    open: Memo<(usize, usize)>,
    kind: Memo<AttentionKind>,
    picked: Memo<Option<usize>>,
    #[prop(into)] pick: Callback<usize>,
) -> impl IntoView {
    let app = App::get();
    let frame = NodeRef::<Div>::new();
    let canvas = NodeRef::<Canvas>::new();
    let width = width_of(frame);
    let labels = app.labels;
    let hovered = RwSignal::new(None::<(usize, usize)>);
    let place =
        Memo::new(move |_| Place { answer: app.shown.with(|shown| shown.number), kind: kind.get(), head: open.get() });
    let query = Memo::new(move |_| {
        let rows = labels.with(|labels| labels.0.len());
        picked.get().unwrap_or_else(|| rows.saturating_sub(1)).min(rows.saturating_sub(1))
    });
    Effect::new(move |_| app.look_inside(place.get()));
    on_cleanup(move || app.look_away());
    let known = move || app.inside.with(|inside| inside.of(place.get()).clone());
    Effect::new(move |_| {
        let (Some(canvas), true) = (canvas.get(), width.get() > 0.0) else { return };
        let (layout, query, dark) = (Layout::of(width.get()), query.get(), app.dark.get());
        app.inside.with(|inside| {
            if let Known::Here(neurons) = inside.of(place.get()) {
                labels.with(|labels| draw(&canvas, layout, neurons, query, (&labels.0, &labels.1), dark));
            }
        });
    });
    let said = move || {
        let Known::Here(neurons) = known() else { return String::new() };
        let query = query.get();
        let scores = scores(&neurons, query);
        let (key, number) = match hovered.get() {
            Some(hit) => hit,
            None => return say("neurons.point").to_owned(),
        };
        let (from, to) = labels.with(|labels| (named(&labels.0, query), named(&labels.1, key)));
        let Some(product) = products(&neurons, query, key).and_then(|all| all.get(number).copied()) else {
            return String::new();
        };
        let at = |values: &[f32], row: usize| values.get(row * neurons.width + number).copied().unwrap_or(0.0);
        let (q, k) = (at(&neurons.query_values, query), at(&neurons.key_values, key));
        let sum: f32 = products(&neurons, query, key).unwrap_or_default().iter().sum();
        let score = scores.get(key).copied().flatten();
        let score = score.map_or_else(
            || say("neurons.unseen").to_owned(),
            |score| fill("neurons.score", &[&signed(f64::from(score))]),
        );
        let [q, k, product, sum] = [q, k, product, sum].map(|value| signed(f64::from(value)));
        fill("neurons.said", &[&from, &to, &number, &q, &k, &product, &sum, &score])
    };
    // How many keys, and of how many numbers.
    let size = move || {
        app.inside.with_untracked(|inside| match inside.of(place.get_untracked()) {
            Known::Here(neurons) => (neurons.keys, neurons.width),
            _ => (0, 0),
        })
    };
    let at = move |event: &ev::PointerEvent| {
        let (x, y) = (f64::from(event.offset_x()), f64::from(event.offset_y()));
        let layout = Layout::of(width.get_untracked());
        let [keys, products, ..] = layout.edges();
        let wide = size();
        let key = ((y - TOP) / LINE).floor();
        let strip = [keys, products].into_iter().find(|left| x >= *left && x < left + layout.strip)?;
        let number = ((x - strip) / layout.strip * wide.1 as f64) as usize;
        (key >= 0.0 && (key as usize) < wide.0 && number < wide.1).then_some((key as usize, number))
    };
    let on_key = move |event: ev::KeyboardEvent| {
        let rows = labels.with_untracked(|labels| labels.0.len());
        let here = query.get_untracked();
        let (keys, wide) = size();
        let (key, number) = hovered.get_untracked().unwrap_or((here.min(keys.saturating_sub(1)), 0));
        let read = match (event.key().as_str(), event.shift_key()) {
            ("ArrowRight", _) => Some((key, (number + 1).min(wide.saturating_sub(1)))),
            ("ArrowLeft", _) => Some((key, number.saturating_sub(1))),
            ("ArrowDown", true) => Some(((key + 1).min(keys.saturating_sub(1)), number)),
            ("ArrowUp", true) => Some((key.saturating_sub(1), number)),
            _ => None,
        };
        if let Some(read) = read.filter(|_| keys > 0 && wide > 0) {
            event.prevent_default();
            hovered.set(Some(read));
            return;
        }
        let there = match event.key().as_str() {
            "ArrowDown" => (here + 1).min(rows.saturating_sub(1)),
            "ArrowUp" => here.saturating_sub(1),
            _ => return,
        };
        event.prevent_default();
        if there != here {
            pick.run(there);
        }
    };
    let state = move || match known() {
        Known::Nothing | Known::Here(_) => None,
        Known::Pending(done, total) => Some(match total {
            Some(total) => fill("neurons.running.of", &[&done, &total]),
            None => say("neurons.running").to_owned(),
        }),
        Known::Failed(why) => Some(why),
    };
    let is_here = move || matches!(known(), Known::Here(_));
    view! {
        <div class="neurons" node_ref=frame data-testid="neurons" data-here=move || is_here().to_string()>
            <p class="caption">
                {say("neurons.caption")}
            </p>
            {changing(move || {
                state().map(|line| view! { <p class="readout" role="status" data-testid="neurons-state">{line}</p> }.into_any())
            })}
            <div class="line-frame" hidden=move || !is_here()>
                <canvas
                    id="head-neurons"
                    node_ref=canvas
                    data-testid="neurons-canvas"
                    data-query=move || query.get()
                    tabindex="0"
                    role="application"
                    aria-roledescription=say("neurons.role")
                    aria-label=say("neurons.label")
                    aria-describedby="neurons-readout"
                    on:keydown=on_key
                    on:pointermove=move |event| hovered.set(at(&event))
                    on:pointerleave=move |_| hovered.set(None)
                ></canvas>
            </div>
            {changing(move || is_here().then(|| saving::neurons(app, place, query)))}
            <p class="readout" id="neurons-readout" data-testid="neurons-readout" aria-live="polite">{said}</p>
        </div>
    }
}
