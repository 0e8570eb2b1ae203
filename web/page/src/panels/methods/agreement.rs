//! How alike the methods are, two by two.

use headlight_document::Explanation;
use leptos::prelude::*;

use super::read;
use crate::app::App;
use crate::locale::say;
use crate::panels::parts::{Part, changing, written};
use crate::panels::saving;
use crate::state::colour::Palette;
use crate::state::format::number;
use crate::state::{heat, names};

/// The matrix: rank correlation above the diagonal, shared greatest tokens below it.
pub fn agreement(app: App) -> AnyView {
    let table = move |part: &Part| {
        let palette = Palette::of(app.dark.get());
        read(app, |document| matrix(part, document, palette));
    };
    let save = move || {
        let is_there = app.compared.with(|found| found.as_ref().is_some_and(|one| !one.document.agreement.is_empty()));
        is_there.then(|| saving::agreement(app))
    };
    view! { {written("", table)} {changing(save)} }.into_any()
}

fn matrix(part: &Part, document: &Explanation, palette: &Palette) {
    if document.agreement.is_empty() {
        return;
    }
    part.add("h3", &[("class", "part-title")], say("methods.agreement"));
    let table = part.add_table("table-box agreement", "agreement", say("methods.agreement.table"));
    let figures = heat::agreement(document);
    let count = figures.columns;
    table.add_heads((0..=count).map(|at| if at == 0 { say("methods.method").to_owned() } else { at.to_string() }));
    let lines = table.add("tbody", &[], "");
    for (row, attribution) in document.attributions.iter().enumerate() {
        let line = lines.add("tr", &[], "");
        line.add("th", &[("scope", "row")], &format!("{} {}", row + 1, names::method(attribution.method)));
        for column in 0..count {
            let figure = figures.at(row, column).filter(|figure| figure.is_finite());
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
