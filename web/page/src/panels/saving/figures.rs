//! Bars, curves and maps of numbers.

use std::sync::Arc;

use headlight_document::Lens;
use headlight_report::csv;
use headlight_report::plot::{Plot, Series};
use headlight_report::svg::{self, Bar, Caption, Cells, Chart, Colours};
use leptos::prelude::*;

use super::{Drawing, button, document_of, of_page};
use crate::app::App;
use crate::locale::{fill, say};
use crate::state::answer::List;
use crate::state::attention::Figures;
use crate::state::colour::Scale;
use crate::state::curves::plot;
use crate::state::format::percent;
use crate::state::heat::Heat;
use crate::state::names;

fn caption<'a>(title: &'a str, note: &'a str) -> Caption<'a> {
    Caption { title, description: title, note }
}

/// Candidates' bars: the answer's, or of what is said.
pub fn candidates(app: App, list: &List, said: Option<String>) -> AnyView {
    let list = Arc::new(list.clone());
    let of_csv = Arc::clone(&list);
    let name = list.name;
    let svg = move |title: &str, dark: bool| {
        let bar = |label: &str, share: f64, figure: &str| Bar {
            label: label.to_owned(),
            share,
            figure: figure.to_owned(),
            chosen: false,
        };
        let mut bars: Vec<Bar> = list.bars.iter().map(|one| bar(&one.label, one.share, &one.figure)).collect();
        bars.extend(list.rest.map(|rest| bar(say("answer.others"), rest, &percent(rest))));
        Some(svg::bars(caption(title, ""), &bars, dark))
    };
    let table = move || {
        let mut rows = of_csv.bars.iter().map(|bar| {
            let id = bar.id.map(|id| id.to_string()).unwrap_or_default();
            let logit = if bar.logit.is_finite() { bar.logit.to_string() } else { String::new() };
            vec![id, csv::text(&bar.label), bar.prob.to_string(), logit]
        });
        Some(csv::table(&["id", "text", "prob", "logit"], &mut rows))
    };
    let title = move || said.clone().unwrap_or_else(|| fill("save.candidates", &[&document_of(app, None).model.title]));
    of_page(app, name, Box::new(title), Box::new(svg), Box::new(table))
}

/// A figure of every head by layer: what it is called, and its values.
pub fn chart(app: App, read: impl Fn() -> (&'static str, Arc<Figures>, Vec<f64>) + Copy + 'static) -> AnyView {
    let svg = move |title: &str, dark: bool| {
        let (_, figures, values) = read();
        let means = figures.by_layer(&values);
        let heads = figures.heads.max(1);
        let plot = Plot {
            series: vec![Series { name: "", values: &means, dashed: false }],
            dots: values.iter().enumerate().map(|(at, value)| ((at / heads) as f64, *value)).collect(),
            sides: 0.6,
            ..Plot::default()
        };
        let caption = caption(title, say("chart.note").trim_start());
        let drawn = Chart { caption, axes: (say("chart.axis"), title), band: "", plot };
        Some(svg::chart(&drawn, dark))
    };
    let rows = move || {
        let (_, figures, values) = read();
        let heads = figures.heads.max(1);
        let row =
            |(at, value): (usize, &f64)| vec![(at / heads).to_string(), (at % heads).to_string(), value.to_string()];
        Some(csv::table(&["layer", "head", "value"], &mut values.iter().enumerate().map(row)))
    };
    let title = Box::new(move || read().0.to_owned());
    of_page(app, "chart", title, Box::new(svg), Box::new(rows))
}

/// A map of numbers, with what its columns are called and the names on both sides; those that have none are numbered, and rows that
/// have none are layers.
pub fn heat(app: App, title: String, column: &'static str, [sides, names]: [Vec<String>; 2], heat: Heat) -> AnyView {
    let axes = (if sides.is_empty() { say("heat.layer") } else { "" }, if names.is_empty() { column } else { "" });
    let all = |names: Vec<String>, count: usize| -> Vec<String> {
        if names.is_empty() { (0..count).map(|at| at.to_string()).collect() } else { names }
    };
    let drawn = Arc::new((all(sides, heat.rows), all(names, heat.columns), heat));
    let of_csv = Arc::clone(&drawn);
    let svg = move |title: &str, dark: bool| {
        let (rows, columns, heat) = &*drawn;
        let scale = Scale::of(heat.values.iter().copied(), true);
        let cells = Cells::signed(heat.columns, heat.rows, &heat.values, scale);
        let caption = caption(title, say("save.values"));
        let map = svg::Map { caption, rows, columns, axes, cells: &cells, colours: Colours::Map(scale) };
        Some(svg::map(&map, dark))
    };
    let table = move || {
        let (rows, columns, heat) = &*of_csv;
        Some(csv::map("", rows, columns, &heat.values))
    };
    let title = Box::new(move || title.clone());
    of_page(app, "heat", title, Box::new(svg), Box::new(table))
}

/// How far the methods agree.
pub fn agreement(app: App) -> AnyView {
    let answer = Some(app.compared);
    let read = move || {
        let document = document_of(app, answer);
        let names: Vec<String> = document.attributions.iter().map(|one| names::method(one.method).to_owned()).collect();
        (names, crate::state::heat::agreement(&document).values)
    };
    let svg = move |title: &str, dark: bool| {
        let (names, values) = read();
        let scale = Scale { signed: true, limit: 1.0 };
        let cells = Cells::signed(names.len(), names.len(), &values, scale);
        let caption = caption(title, say("methods.agreement.why"));
        let (rows, columns, axes) = (&*names, &*names, ("", ""));
        Some(svg::map(&svg::Map { caption, rows, columns, axes, cells: &cells, colours: Colours::Map(scale) }, dark))
    };
    let table = move || {
        let (names, values) = read();
        Some(csv::map("", &names, &names, &values))
    };
    let title = Box::new(|| say("methods.agreement.table").to_owned());
    button(app, Drawing { name: "agreement", answer, title, svg: Box::new(svg), csv: Box::new(table) })
}

/// The target after each layer: `values` are what is drawn of it.
pub fn lens(app: App, title: &'static str, lens: Lens, values: Vec<f64>) -> AnyView {
    let wins = lens.wins;
    let svg = move |title: &str, dark: bool| {
        let plot = Plot {
            series: vec![Series { name: "", values: &values, dashed: false }],
            mark: wins.map(|wins| wins as f64),
            dotted: true,
            sides: 0.4,
            ..Plot::default()
        };
        let drawn = Chart { caption: caption(title, ""), axes: (say("heads.lens.axis"), ""), band: "", plot };
        Some(svg::chart(&drawn, dark))
    };
    let rows = move || {
        let figure = |all: &Option<Vec<f64>>, at: usize| {
            all.as_ref().and_then(|all| Some(all.get(at)?.to_string())).unwrap_or_default()
        };
        let mut rows = lens.values.iter().enumerate().map(|(at, value)| {
            let rank = lens.ranks.as_ref().and_then(|ranks| Some(ranks.get(at)?.to_string())).unwrap_or_default();
            let best = lens.best.as_ref().and_then(|best| Some(csv::text(&best.get(at)?.text))).unwrap_or_default();
            vec![at.to_string(), value.to_string(), figure(&lens.logits, at), figure(&lens.log_probs, at), rank, best]
        });
        Some(csv::table(&["layers", "target", "logit", "log_prob", "rank", "best"], &mut rows))
    };
    let title = Box::new(move || title.to_owned());
    button(app, Drawing { name: "lens", answer: Some(app.headed), title, svg: Box::new(svg), csv: Box::new(rows) })
}

/// One curve of the method at a place of the comparison.
pub fn curve(app: App, at: usize, is_insertion: bool) -> AnyView {
    let answer = Some(app.compared);
    let method =
        move || document_of(app, answer).attributions.get(at).map(|one| names::method(one.method)).unwrap_or_default();
    let title = move || {
        let what = say(if is_insertion { "methods.curves.insertion" } else { "methods.curves.deletion" });
        format!("{what}: {}", method())
    };
    let svg = move |title: &str, dark: bool| {
        let document = document_of(app, answer);
        let found = document.faithfulness.as_ref()?;
        let drawn = plot(found, at, is_insertion)?;
        let mut series = vec![Series { name: method(), values: drawn.values, dashed: false }];
        series.extend(drawn.band.map(|band| Series {
            name: say("methods.curves.mean"),
            values: &band.mean,
            dashed: true,
        }));
        let band = fill("save.curve.random", &[&found.random.as_ref().map_or(0, |random| random.orders)]);
        let chart = Chart {
            caption: caption(title, ""),
            axes: (say("methods.curves.tokens"), say("save.curve.probability")),
            band: &band,
            plot: Plot {
                series,
                band: drawn.band.map(|band| (&*band.least, &*band.greatest)),
                range: Some(drawn.range),
                ..Plot::default()
            },
        };
        Some(svg::chart(&chart, dark))
    };
    let rows = move || {
        let document = document_of(app, answer);
        let drawn = plot(document.faithfulness.as_ref()?, at, is_insertion)?;
        let mut columns = vec![drawn.values];
        columns.extend(drawn.band.iter().flat_map(|band| [&*band.least, &*band.mean, &*band.greatest]));
        let mut rows = (0..drawn.values.len()).map(|count| {
            let number = |column: &&[f64]| column.get(count).map(f64::to_string).unwrap_or_default();
            std::iter::once(count.to_string()).chain(columns.iter().map(number)).collect()
        });
        let heads = ["tokens", "probability", "random_least", "random_mean", "random_greatest"];
        Some(csv::table(heads.get(..=columns.len()).unwrap_or(&heads), &mut rows))
    };
    let name = if is_insertion { "insertion" } else { "deletion" };
    button(app, Drawing { name, answer, title: Box::new(title), svg: Box::new(svg), csv: Box::new(rows) })
}
