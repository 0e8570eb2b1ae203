//! What a model wrote: the ways as a tree, the tokens by how sure they were, and what one of them rests on.

use headlight_document::{Candidate, Row, Step, TargetSpec, Triangle};
use headlight_report::csv;
use headlight_report::svg::{self, Caption, Colours};
use leptos::prelude::*;

use super::figures::candidates;
use super::of_page;
use super::text::{WIDTH, caption, coloured};
use crate::app::App;
use crate::locale::{fill, say};
use crate::panels::gaze::called;
use crate::state::answer::{Bar, List};
use crate::state::colour::Scale;
use crate::state::format::percent;
use crate::state::pieces::{Piece, split, visible};
use crate::state::writing::Writing;
use crate::state::{tree as ways, triangle};

/// The name of the model that wrote.
fn writer(app: App) -> String {
    app.writing.with(|writing| writing.from.as_ref().map(|(model, _)| app.title(model))).unwrap_or_default()
}

/// All ways.
pub fn tree(app: App) -> AnyView {
    let svg = move |title: &str, dark: bool| {
        app.writing.with(|writing| {
            let caption = Caption { title, description: say("writing.ways.about"), note: say("save.tree.note") };
            let text = writing.from.as_ref().map_or("", |(_, text)| text);
            Some(svg::tree(caption, text, &ways::flat(&ways::tree(writing)), dark))
        })
    };
    let table = move || Some(app.writing.with(ways::table));
    let title = move || fill("save.tree", &[&writer(app)]);
    of_page(app, "tree", Box::new(title), Box::new(svg), Box::new(table))
}

/// The tokens that stand there.
pub fn written(app: App) -> AnyView {
    let svg = move |title: &str, dark: bool| {
        let (mut pieces, mut values) = (Vec::new(), Vec::new());
        app.writing.with(|writing| {
            for Step { token, .. } in &writing.steps {
                let (gap, text) = split(&token.text, token.special);
                let (gap, text) = (gap.to_owned(), text.to_owned());
                pieces.push(Piece { gap, text, special: token.special, aside: false });
                values.push(1.0 - token.prob);
            }
        });
        let caption = caption(title, say("save.written.note"));
        let colours = Colours::Text(Scale { signed: false, limit: 1.0 });
        Some(svg::tokens(&svg::Tokens { caption, pieces: &pieces, values: &values, colours, width: WIDTH }, dark))
    };
    let table = move || {
        let mut table = "token,id,text,prob\r\n".to_owned();
        app.writing.with(|writing| {
            for (at, Step { token, .. }) in writing.steps.iter().enumerate() {
                csv::line(&mut table, &[&at, &(token.id as usize), &csv::text(&token.text), &token.prob]);
            }
        });
        Some(table)
    };
    let title = move || fill("save.written", &[&writer(app)]);
    of_page(app, "written", Box::new(title), Box::new(svg), Box::new(table))
}

/// What a token might have been.
pub fn others(app: App, at: usize, step: &Step) -> AnyView {
    let bar = |one: &Candidate| Bar {
        id: Some(one.id),
        label: one.text.clone(),
        share: one.prob,
        figure: percent(one.prob),
        prob: one.prob,
        logit: one.logit,
        aim: TargetSpec::Next(None),
    };
    let bars = step.top.iter().map(bar).collect();
    let list = List { name: "others", caption: String::new(), bars, rest: None };
    let title = format!("{}: {}", fill("writing.step", &[&at, &visible(&step.token.text)]), say("writing.others"));
    candidates(app, &list, Some(title))
}

/// What a token rests on.
pub fn row(app: App, step: usize) -> AnyView {
    let title = move || titled(app, step, &format!("{}, {}", say("triangle.grad_x_input"), writer(app)));
    of_step(app, step, "row", Box::new(title), |writing| &writing.triangle, |row| &row.grad_x_input)
}

/// Where the model looks as it writes a token.
pub fn gaze(app: App, step: usize) -> AnyView {
    let whose = move || app.writing.with(|writing| writing.gazed.as_ref()?.gazed.map(called)).unwrap_or_default();
    let title = move || titled(app, step, &format!("{}, {}", whose(), writer(app)));
    of_step(app, step, "gaze", Box::new(title), |writing| &writing.gazed, |row| &row.attention)
}

fn titled(app: App, step: usize, of: &str) -> String {
    let token = app.writing.with(|writing| writing.steps.get(step).map(|step| visible(&step.token.text)));
    format!("{}: {of}", fill("writing.step", &[&step, &token.unwrap_or_default()]))
}

fn of_step(
    app: App,
    step: usize,
    name: &'static str,
    title: Box<dyn Fn() -> String>,
    read: fn(&Writing) -> &Option<Triangle>,
    values: fn(&Row) -> &Vec<f64>,
) -> AnyView {
    let svg = move |title: &str, dark: bool| {
        app.writing.with(|writing| {
            let of = read(writing).as_ref()?;
            let values = values(of.row(step)?);
            let pieces = triangle::flowing(&of.columns, of.text, values.len());
            Some(coloured(title, &pieces, values, of.gazed.is_none(), dark))
        })
    };
    let table = move || {
        app.writing.with(|writing| {
            let of = read(writing).as_ref()?;
            Some(triangle::table(of, of.row(step)?))
        })
    };
    of_page(app, name, title, Box::new(svg), Box::new(table))
}
