//! Two texts in their colours, and how they differ.

use std::sync::Arc;

use headlight_document::Explanation;
use headlight_report::svg::{self, Colours, Row};
use leptos::prelude::*;

use super::of_page;
use super::text::{WIDTH, caption, noted};
use crate::app::App;
use crate::locale::{fill, say};
use crate::state::history::{self, Beside};
use crate::state::pieces::{Piece, pieces, visible};
use crate::state::{counterfactual, names};

/// A text in which a word was changed, beside this one.
pub fn other(app: App, before: &Arc<Explanation>, after: &Arc<Explanation>) -> AnyView {
    let (a, b) = (Arc::clone(before), Arc::clone(after));
    let svg = move |title: &str, dark: bool| {
        let rows = counterfactual::rows(&a, &b);
        let colours = Colours::Text(rows.scale());
        let (first, second) = (pieces(&a.input), pieces(&b.input));
        let row = |key: &'static str, pieces, values| Row { title: say(key), pieces, values, colours };
        let all = [
            row("other.row.this", &*first, &*rows.this),
            row("other.row.that", &*second, &*rows.that),
            row("other.row.change", &*second, &*rows.change),
        ];
        Some(svg::rows(caption(title, noted(true)), &all, WIDTH, dark))
    };
    let (a, b) = (Arc::clone(before), Arc::clone(after));
    let table = move || Some(counterfactual::table(&a, &b));
    let target = visible(&before.target.text);
    let title = move || fill("save.other", &[&target]);
    of_page(app, "other", Box::new(title), Box::new(svg), Box::new(table))
}

/// Two explanations of the session, where two are chosen that have a method in common.
pub fn beside_of(app: App) -> Option<Beside> {
    let method = app.form.with(|form| form.method);
    app.session.chosen.with(|chosen| match &**chosen {
        [first, second] => history::beside(&first.document, &second.document, method),
        _ => None,
    })
}

/// Those two as they are laid side by side.
pub fn beside(app: App) -> AnyView {
    let svg = move |title: &str, dark: bool| {
        let found = beside_of(app)?;
        let [scale, change] = found.scales().map(Colours::Text);
        let mut pieces = Vec::new();
        let mut values = [Vec::new(), Vec::new(), Vec::new()];
        for line in &found.lines {
            let text = line.text.trim_start().to_owned();
            pieces.push(Piece { gap: " ".to_owned(), text, special: false, aside: false });
            for (all, value) in values.iter_mut().zip([line.first, line.second, line.difference()]) {
                all.push(value.unwrap_or(f64::NAN));
            }
        }
        let [first, second, difference] = &values;
        let row = |key, values, colours| Row { title: say(key), pieces: &pieces, values, colours };
        let all = [
            row("history.first", first, scale),
            row("history.second", second, scale),
            row("history.difference", difference, change),
        ];
        Some(svg::rows(caption(title, noted(true)), &all, WIDTH, dark))
    };
    let table = move || Some(beside_of(app)?.table());
    let title = move || {
        let method = beside_of(app).map(|found| names::method(found.method)).unwrap_or_default();
        format!("{}: {method}", say("history.beside"))
    };
    of_page(app, "beside", Box::new(title), Box::new(svg), Box::new(table))
}
