//! The heads' maps in the order of the table: what is highest in a figure, seen side by side.

use headlight_document::{AttentionKind, Whose};
use leptos::html::{Canvas, Div};
use leptos::prelude::*;

use super::table::open;
use crate::app::App;
use crate::draw;
use crate::locale::{fill, say};
use crate::panels::attention::width_of;
use crate::panels::parts::{changing, text};
use crate::panels::saving;
use crate::state::heads::{Column, Table};
use crate::state::order::{Order, Shelf};

/// The maps of the first heads by `column`, where they are of the attention that the page shows.
pub fn order(
    app: App,
    table: Memo<Table>,
    kind: Memo<Option<AttentionKind>>,
    by: Signal<Option<(Column, bool)>>,
    column: Memo<Option<Column>>,
) -> AnyView {
    let is_shown = Memo::new(move |_| {
        let shown = app.attention(|_, attention| (attention.kind, attention.layers * attention.heads));
        shown.is_some_and(|(of, count)| Some(of) == kind.get() && table.with(|table| table.rows.len()) == count)
    });
    changing(move || {
        let column = column.get().filter(|_| is_shown.get())?;
        let is_greatest_first = by.get().is_none_or(|(_, greatest)| greatest);
        let order = table.with(|table| Order::of(table, column, is_greatest_first));
        Some(shelf(app, column, is_greatest_first, order))
    })
}

fn shelf(app: App, column: Column, is_greatest_first: bool, order: Order) -> AnyView {
    let frame = NodeRef::<Div>::new();
    let canvas = NodeRef::<Canvas>::new();
    let width = width_of(frame);
    let heads = StoredValue::new(order.heads);
    let places = Memo::new(move |_| Shelf::fit(width.get(), heads.with_value(Vec::len)));
    let pointed = RwSignal::new(None::<usize>);
    let drawn = Memo::new(move |_| {
        let number = app.shown.with(|shown| shown.number);
        app.sight.with(|sight| sight.drawn(number))
    });
    Effect::new(move |_| {
        let (Some(canvas), true, Some(_)) = (canvas.get(), width.get() > 0.0, drawn.get()) else { return };
        let (places, dark) = (places.get(), app.dark.get());
        untrack(|| {
            app.attention(|_, attention| {
                app.sight.with(|sight| {
                    heads.with_value(|heads| {
                        let picture = |at: usize| {
                            let (layer, head) = heads.get(at)?.0;
                            sight.picture(attention, Whose::Head(layer, head))
                        };
                        let name = |at: usize| {
                            heads.get(at).map(|((layer, head), _)| format!("L{layer}H{head}")).unwrap_or_default()
                        };
                        draw::shelf::draw(&canvas, &places, attention.kind, &picture, &name, dark)
                    })
                })
            })
        });
    });
    let at = move |event: &leptos::ev::PointerEvent| {
        places.get_untracked().at(f64::from(event.offset_x()), f64::from(event.offset_y()))
    };
    let readout = move || {
        let found = pointed.get().and_then(|at| heads.with_value(|heads| heads.get(at).copied()));
        found.map_or_else(
            || "\u{a0}".to_owned(),
            |((layer, head), figure)| {
                fill("heads.order.one", &[&layer, &head, &column.title().to_lowercase(), &column.text(Some(figure))])
            },
        )
    };
    let way = if is_greatest_first { say("heads.order.highest") } else { say("heads.order.lowest") };
    let title = fill("heads.order.title", &[&column.title().to_lowercase(), &way]);
    let saved = saving::shelf(app, title.clone(), column.name(), heads);
    let first = heads.with_value(|heads| heads.iter().map(|((layer, head), _)| format!("{layer} {head}")).next());
    view! {
        <figure class="heat">
            <figcaption><b>{title.clone()}</b> " " {saved}</figcaption>
            <div class="chart-frame" node_ref=frame>
                <canvas
                    node_ref=canvas
                    class="opens"
                    data-testid="ordered-heads"
                    data-column=column.name()
                    data-first=first
                    data-pitch=move || places.get().pitch.to_string()
                    role="img"
                    aria-label=fill("heads.order.label", &[&title])
                    on:pointermove=move |event| pointed.set(at(&event))
                    on:pointerleave=move |_| pointed.set(None)
                    on:pointerup=move |event| {
                        let Some(at) = at(&event) else { return };
                        if let Some((head, _)) = heads.with_value(|heads| heads.get(at).copied()) {
                            open(app, Some(head));
                        }
                    }
                ></canvas>
            </div>
            <p class="readout">{text(readout)}</p>
        </figure>
    }
    .into_any()
}
