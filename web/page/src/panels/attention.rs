//! Attention: every head at a glance, one head opened, and figures by layer.

use std::sync::Arc;

use headlight_document::AttentionKind;
use leptos::html::Div;
use leptos::prelude::*;
use wasm_bindgen::JsCast;
use wasm_bindgen::closure::Closure;

use super::chart::Chart;
use super::grid::HeadGrid;
use super::head::HeadView;
use super::leave_out::LeaveOut;
use super::legend::AttentionLegend;
use super::over_text::OverText;
use super::parts::heading;
use crate::app::{App, When};
use crate::locale::{count, fill, say};
use crate::state::attention::{Figures, aligning_head, suggested_head};
use crate::state::format::number;

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
        app.attention(|_, attention| {
            (attention.kind == AttentionKind::Cross).then(|| aligning_head(attention)).flatten()
        })
        .flatten()
    });
    let is_stale = move || app.shown.with(|shown| shown.request.is_some()) && !app.is_current();
    let size = move || app.attention(|_, map| (map.layers, map.heads)).unwrap_or((0, 0));
    let is_open = Memo::new(move |_| app.open_head().is_some());
    view! {
        <section class="panel attention-panel" class:stale=is_stale aria-labelledby="attention-title">
            <div class="panel-head">
                {heading("attention-title", say("attention.title"))}
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
                            say("attention.who.cross")
                        }
                        _ => say("attention.who.self"),
                    };
                    fill("attention.squares", &[&count("count.layer", layers), &count("count.head", heads), &who])
                }}
            </p>
            {move || {
                aligning.get().map(|((layer, head), figure)| {
                    view! {
                        <p class="caption" data-testid="alignment" data-layer=layer data-head=head>
                            <span class="ring" aria-hidden="true"></span>
                            {fill("attention.aligns", &[&layer, &head, &number(figure)])}
                        </p>
                    }
                })
            }}
            <LeaveOut/>
            <HeadGrid figures aligning/>
            <div class="attention-detail">
                {move || {
                    if is_open.get() {
                        view! { <HeadView/> }.into_any()
                    } else {
                        view! {
                            <div class="no-head"><p>{say("attention.none")}</p></div>
                        }
                        .into_any()
                    }
                }}
                <Chart figures kind/>
            </div>
            <OverText/>
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
        let head = untrack(|| app.attention(|_, attention| suggested_head(attention)).flatten());
        app.edit(When::Never, |form| form.head = head);
    };
    view! {
        <div class="segments" role="group" aria-label=say("attention.which") data-testid="attention-kind">
            {kinds
                .into_iter()
                .map(|one| {
                    let (name, title) = match one {
                        AttentionKind::Encoder => ("encoder", say("attention.encoder")),
                        AttentionKind::SelfAttention => ("self", say("attention.self")),
                        AttentionKind::Cross => ("cross", say("attention.cross")),
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
