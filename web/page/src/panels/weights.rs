//! The open head's weights as a table, for who does not see its drawing or wants the digits.

use headlight_document::{AttentionKind, Whose};
use leptos::prelude::*;
use web_sys::HtmlElement;

use super::parts::{Part, written};
use crate::app::App;
use crate::locale::{fill, say};
use crate::state::attention::{is_blank, strongest};
use crate::state::format::number;
use crate::state::pieces::named;

/// Up to this many keys have a column each; of more, each token's strongest are told.
const COLUMNS: usize = 40;

/// How many of the strongest.
const STRONGEST: usize = 5;

/// How many tokens have a line.
const ROWS: usize = 512;

/// The table, which is written when it is unfolded.
pub fn weights(app: App, open: Memo<(usize, usize)>, kind: Memo<AttentionKind>) -> AnyView {
    let is_unfolded = RwSignal::new(false);
    let write = move |part: &Part| {
        if is_unfolded.get() {
            let (layer, head) = open.get();
            let size = app.attention(|_, attention| (attention.rows, attention.columns));
            let map = app.exact(Whose::Head(layer, head), <[f32]>::to_vec);
            if let (Some((rows, columns)), Some(map)) = (size, map) {
                let title = fill("head.table.title", &[&layer, &head]);
                app.labels.with(|labels| write_map(part, &title, &map, (rows, columns), kind.get(), labels));
            }
        }
    };
    let on_toggle =
        move |event: leptos::ev::Event| is_unfolded.set(event_target::<HtmlElement>(&event).has_attribute("open"));
    view! {
        <details class="as-table" data-testid="head-numbers" on:toggle=on_toggle>
            <summary>{say("head.table")}</summary>
            {written("", write)}
        </details>
    }
    .into_any()
}

fn write_map(
    part: &Part,
    title: &str,
    map: &[f32],
    (rows, columns): (usize, usize),
    kind: AttentionKind,
    (looking, looked_at): &(Vec<String>, Vec<String>),
) {
    let name = |names: &[String], at: usize| format!("{at} “{}”", named(names, at));
    let table = part.add_table("table-box", "head-numbers-table", title);
    let is_whole = columns <= COLUMNS;
    let corner = std::iter::once(say("head.table.token").to_owned());
    match is_whole {
        true => table.add_heads(corner.chain((0..columns).map(|column| name(looked_at, column)))),
        false => table.add_heads(corner.chain([fill("head.table.strongest", &[&STRONGEST])])),
    }
    let body = table.add("tbody", &[], "");
    for (row, weights) in map.chunks_exact(columns.max(1)).enumerate().take(rows.min(ROWS)) {
        let head = name(looking, row);
        if is_whole {
            let cell = |(column, weight): (usize, &f32)| {
                if is_blank(kind, row, column) { String::new() } else { number(f64::from(*weight)) }
            };
            body.add_line(&head, weights.iter().enumerate().map(cell));
        } else {
            let best = strongest(weights, STRONGEST).into_iter();
            let best: Vec<_> =
                best.map(|(at, weight)| format!("{} {}", name(looked_at, at), number(f64::from(weight)))).collect();
            body.add_line(&head, std::iter::once(best.join(", ")));
        }
    }
    if rows > ROWS {
        part.add("p", &[("class", "caption")], &fill("head.table.more", &[&(rows - ROWS)]));
    }
}
