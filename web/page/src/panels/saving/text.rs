//! Texts in their colours.

use headlight_document::{Attribution, Explanation, Method};
use headlight_report::svg::{self, Caption, Colours};
use headlight_report::{csv, words};
use leptos::prelude::*;

use super::{Drawing, button, document_of, of_page};
use crate::app::App;
use crate::locale::{fill, say};
use crate::panels::tokens::drawn;
use crate::state::colour::Scale;
use crate::state::names;
use crate::state::pieces::{Piece, named};

/// How wide a saved text is.
pub const WIDTH: f64 = 720.0;

/// What colours mean that run both ways, or one.
pub fn noted(is_signed: bool) -> &'static str {
    say(if is_signed { "legend.signed" } else { "save.unsigned" })
}

/// What texts in colours say of themselves.
pub fn caption<'a>(title: &'a str, note: &'a str) -> Caption<'a> {
    Caption { title, description: say("save.tokens.described"), note }
}

/// A text in the colours of its numbers.
pub fn coloured(title: &str, pieces: &[Piece], values: &[f64], is_signed: bool, dark: bool) -> String {
    let caption = caption(title, noted(is_signed));
    let scale = Scale::of(values.iter().copied(), is_signed);
    let drawn = svg::Tokens { caption, pieces, values, colours: Colours::Text(scale), width: WIDTH };
    svg::tokens(&drawn, dark)
}

fn titled(document: &Explanation, method: Method) -> String {
    format!("{}: {}", names::method(method), document.model.title)
}

fn pieces_of(parts: Vec<(Piece, String)>) -> Vec<Piece> {
    parts.into_iter().map(|(piece, _)| piece).collect()
}

/// The coloured text on top of the page.
pub fn tokens(app: App, parts: Memo<Vec<(Piece, String)>>, chosen: Memo<(Method, Vec<f64>)>) -> AnyView {
    let title = move || titled(&document_of(app, None), chosen.get().0);
    let svg = move |title: &str, dark: bool| {
        let is_signed = app.on_show(|_, found| words::is_signed(found)).unwrap_or(true);
        Some(coloured(title, &pieces_of(parts.get()), &chosen.get().1, is_signed, dark))
    };
    let table = move || {
        let (method, values) = chosen.get();
        Some(csv::column(&document_of(app, None), method.name(), &values))
    };
    of_page(app, "tokens", Box::new(title), Box::new(svg), Box::new(table))
}

/// The text in the colours of the method at a place of the comparison.
pub fn method(app: App, at: usize) -> AnyView {
    let answer = Some(app.compared);
    let read = move || {
        let document = document_of(app, answer);
        let found: &Attribution = document.attributions.get(at)?;
        let own: Vec<f64> = found.values.iter().chain(found.output_values.iter().flatten()).copied().collect();
        let values = app.form.with(|form| form.grouping).apply(&document.input.tokens, &own);
        Some((found.method, words::is_signed(found), values, document))
    };
    let title = move || read().map(|(method, _, _, document)| titled(&document, method)).unwrap_or_default();
    let svg = move |title: &str, dark: bool| {
        let (_, is_signed, values, document) = read()?;
        Some(coloured(title, &pieces_of(drawn(&document)), &values, is_signed, dark))
    };
    let table = move || {
        let (method, _, values, document) = read()?;
        Some(csv::column(&document, method.name(), &values))
    };
    button(app, Drawing { name: "method", answer, title: Box::new(title), svg: Box::new(svg), csv: Box::new(table) })
}

/// What attention is drawn over the text.
#[derive(Clone, Copy)]
pub struct Over {
    /// Whose attention it is.
    pub title: Signal<String>,
    /// One weight a token, where they are at hand.
    pub weights: Memo<Option<Vec<f32>>>,
    /// The picked token.
    pub picked: Memo<usize>,
    /// Whether that one looks, or is looked at.
    pub looks: RwSignal<bool>,
}

/// Attention over the text itself.
pub fn over(app: App, over: Over) -> AnyView {
    // The names of the tokens that are coloured, and of the others.
    let names = move || {
        let (rows, columns) = (*app.labels.get()).clone();
        if over.looks.get() { (columns, rows) } else { (rows, columns) }
    };
    let values = move || {
        let all: Vec<f64> = over.weights.get()?.into_iter().map(f64::from).collect();
        (!all.is_empty()).then_some(all)
    };
    let title = move || {
        let picked = named(&names().1, over.picked.get());
        let key = if over.looks.get() { "save.over" } else { "save.over.at" };
        fill(key, &[&over.title.get(), &picked.trim_start_matches('·')])
    };
    let svg = move |title: &str, dark: bool| {
        let (names, values) = (names().0, values()?);
        // The words of a decoder carry their space, those of an encoder are known by the text.
        let own = app.shown.with(|shown| crate::state::pieces::pieces(&shown.document.input));
        let piece = |text: String| Piece { gap: " ".to_owned(), text, special: false, aside: false };
        let pieces = if own.len() == names.len() { own } else { names.into_iter().map(piece).collect() };
        Some(coloured(title, &pieces, &values, false, dark))
    };
    let table = move || {
        let rows = names().0.into_iter().zip(values()?).enumerate();
        let mut rows = rows.map(|(at, (text, value))| vec![at.to_string(), csv::text(&text), value.to_string()]);
        Some(csv::table(&["token", "text", "weight"], &mut rows))
    };
    of_page(app, "over-text", Box::new(title), Box::new(svg), Box::new(table))
}
