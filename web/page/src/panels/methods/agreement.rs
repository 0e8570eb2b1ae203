//! How alike the methods are, two by two.

use headlight_document::{Agreement as Pair, Explanation};
use leptos::prelude::*;

use super::read;
use crate::app::App;
use crate::locale::say;
use crate::panels::parts::{Part, written};
use crate::state::colour::Palette;
use crate::state::format::number;
use crate::state::names;

/// The matrix: rank correlation above the diagonal, shared greatest tokens below it.
pub fn agreement(app: App) -> AnyView {
    written("", move |part| {
        let palette = Palette::of(app.dark.get());
        read(app, |document| matrix(part, document, palette));
    })
}

fn matrix(part: &Part, document: &Explanation, palette: &Palette) {
    if document.agreement.is_empty() {
        return;
    }
    part.add("h3", &[("class", "part-title")], say("methods.agreement"));
    let table = part.add_table("table-box agreement", "agreement", say("methods.agreement.table"));
    let count = document.attributions.len();
    table.add_heads((0..=count).map(|at| if at == 0 { say("methods.method").to_owned() } else { at.to_string() }));
    let lines = table.add("tbody", &[], "");
    for (row, attribution) in document.attributions.iter().enumerate() {
        let line = lines.add("tr", &[], "");
        line.add("th", &[("scope", "row")], &format!("{} {}", row + 1, names::method(attribution.method)));
        for column in 0..count {
            let is_pair = |found: &&Pair| found.pair == [row, column] || found.pair == [column, row];
            let found = document.agreement.iter().find(is_pair);
            let figure = found.and_then(|pair| if row < column { pair.spearman } else { pair.top_3 });
            let style = figure.map_or_else(String::new, |figure| palette.signed(figure * 0.6).style());
            let text = match figure {
                Some(figure) => number(figure),
                None if row == column => String::new(),
                None => "–".to_owned(),
            };
            line.add("td", &[("class", "figure"), ("style", &style)], &text);
        }
    }
    part.add("p", &[("class", "caption")], say("methods.agreement.why"));
}
