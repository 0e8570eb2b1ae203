//! Drawings of attention.

use headlight_document::{AttentionKind, Whose};
use headlight_report::csv;
use headlight_report::svg::{self, Caption, Cells, Colours, Key};
use leptos::prelude::*;

use super::of_page;
use crate::app::App;
use crate::locale::{fill, say};
use crate::state::format::{number, signed};
use crate::state::inside::{Known, Place, products, scores, weights};
use crate::state::lines::Line;
use crate::state::sight::{Picture, smaller};

fn caption<'a>(title: &'a str, note: &'a str) -> Caption<'a> {
    Caption { title, description: say("save.map.described"), note }
}

/// The grid of all heads, as they are at hand.
pub fn grid(app: App) -> AnyView {
    let svg = move |title: &str, dark: bool| {
        let (kind, layers, heads) = app.attention(|_, one| (one.kind, one.layers, one.heads))?;
        let every = || (0..layers).flat_map(|layer| (0..heads).map(move |head| Whose::Head(layer, head)));
        // What was looked at closer is at hand finer than the rest.
        let sizes = every().filter_map(|head| app.picture(head, |picture| (picture.rows, picture.columns)));
        let size = sizes.min()?;
        let axes = (say("heat.layer"), say("heads.column.head"));
        let map = |layer, head| app.picture(Whose::Head(layer, head), |picture| smaller(picture, size.0, size.1));
        let drawn = svg::Grid { caption: caption(title, say("legend.attention")), kind, layers, heads, size, axes };
        Some(svg::grid(&drawn, &map, dark))
    };
    let title = Box::new(move || say("save.grid").to_owned());
    of_page(app, "grid", title, Box::new(svg), Box::new(move || app.attention(csv::attention)))
}

/// Heads side by side in the order of a figure: each one's layer and number, and the figure.
pub fn shelf(app: App, title: String, figure: &'static str, heads: StoredValue<Vec<((usize, usize), f64)>>) -> AnyView {
    let svg = move |title: &str, dark: bool| {
        let kind = app.attention(|_, one| one.kind)?;
        let mut maps = Vec::new();
        heads.with_value(|heads| {
            for ((layer, head), _) in heads {
                app.picture(Whose::Head(*layer, *head), |picture| {
                    let (name, values) = (format!("L{layer}H{head}"), picture.values.to_vec());
                    maps.push(svg::Shelved { name, columns: picture.columns, values });
                });
            }
        });
        Some(svg::shelf(caption(title, say("legend.attention")), kind, &maps, dark))
    };
    let table = move || {
        let mut table = format!("layer,head,{figure}\r\n");
        heads.with_value(|heads| {
            for ((layer, head), value) in heads {
                csv::line(&mut table, &[layer, head, value]);
            }
        });
        Some(table)
    };
    of_page(app, "heads", Box::new(move || title.clone()), Box::new(svg), Box::new(table))
}

/// The open head's map.
pub fn map(app: App, open: Memo<(usize, usize)>, kind: Memo<AttentionKind>) -> AnyView {
    let whose = move || Whose::Head(open.get().0, open.get().1);
    let svg = move |title: &str, dark: bool| {
        let cells = |picture: Picture<'_>| Cells::weights(picture.columns, picture.rows, picture.values, kind.get());
        let cells = app.picture(whose(), cells)?;
        app.labels.with(|labels| {
            let (rows, columns) = &**labels;
            let caption = caption(title, say("legend.attention"));
            let map = svg::Map { caption, rows, columns, axes: ("", ""), cells: &cells, colours: Colours::Weights };
            Some(svg::map(&map, dark))
        })
    };
    let table = move || {
        let values: Vec<f64> = app.exact(whose(), |map| map.iter().map(|one| f64::from(*one)).collect())?;
        Some(app.labels.with(|labels| csv::map("query", &labels.0, &labels.1, &values)))
    };
    let title = move || fill("head.title", &[&open.get().0, &open.get().1]);
    of_page(app, "map", Box::new(title), Box::new(svg), Box::new(table))
}

/// Lines between tokens.
pub fn lines(app: App, layer: Memo<usize>, found: Memo<(Vec<Line>, usize)>) -> AnyView {
    let svg = move |title: &str, dark: bool| {
        found.with(|(lines, _)| {
            let end = |line: Option<&Line>| line.map_or_else(|| "–".to_owned(), |line| number(f64::from(line.weight)));
            let note = fill("save.lines.note", &[&lines.len(), &end(lines.first()), &end(lines.last())]);
            app.labels.with(|labels| {
                let (rows, columns) = &**labels;
                let head = say("heads.column.head");
                let drawn = svg::Links { caption: caption(title, &note), rows, columns, lines, head };
                Some(svg::links(&drawn, dark))
            })
        })
    };
    let table = move || {
        let heads = ["layer", "head", "query", "query_text", "key", "key_text", "weight"];
        Some(found.with(|(lines, _)| {
            app.labels.with(|labels| {
                let name = |names: &[String], at: usize| names.get(at).map(|name| csv::text(name)).unwrap_or_default();
                let mut rows = lines.iter().rev().map(|line| {
                    let (query, key) = (name(&labels.0, line.row), name(&labels.1, line.column));
                    let [layer, head, row, column] =
                        [layer.get(), line.head, line.row, line.column].map(|at| at.to_string());
                    vec![layer, head, row, query, column, key, line.weight.to_string()]
                });
                csv::table(&heads, &mut rows)
            })
        }))
    };
    let title = move || fill("save.lines", &[&layer.get()]);
    of_page(app, "lines", Box::new(title), Box::new(svg), Box::new(table))
}

/// One query against every key.
pub fn neurons(app: App, place: Memo<Place>, query: Memo<usize>) -> AnyView {
    let name = move |is_key: bool, at: usize| {
        app.labels.with(|labels| if is_key { &labels.1 } else { &labels.0 }.get(at).cloned().unwrap_or_default())
    };
    let svg = move |title: &str, dark: bool| {
        app.inside.with(|inside| {
            let Known::Here(neurons) = inside.of(place.get()) else { return None };
            let query = query.get();
            let all_scores = scores(neurons, query);
            let all_weights = weights(&all_scores);
            let wide = neurons.width.max(1);
            let names: Vec<String> = (0..neurons.keys).map(|key| name(true, key)).collect();
            let key = |(key, name)| {
                let score = all_scores.get(key).copied().flatten();
                Some(Key {
                    name,
                    values: neurons.key_values.chunks_exact(wide).nth(key)?,
                    products: products(neurons, query, key)?,
                    score: score.map_or_else(|| "–".to_owned(), |score| signed(f64::from(score))),
                    weight: number(f64::from(all_weights.get(key).copied().unwrap_or(0.0))),
                })
            };
            let keys: Vec<Key<'_>> = names.iter().map(|name| &**name).enumerate().filter_map(key).collect();
            let drawn = svg::Neurons {
                caption: Caption { title, description: title, note: "" },
                query: &name(false, query),
                values: neurons.query_values.chunks_exact(wide).nth(query)?,
                keys: &keys,
                heads: ["neurons.q", "neurons.k", "save.product", "neurons.head.score", "neurons.head.weight"].map(say),
            };
            Some(svg::neurons(&drawn, dark))
        })
    };
    let table = move || {
        app.inside.with(|inside| {
            let Known::Here(neurons) = inside.of(place.get()) else { return None };
            let all_scores = scores(neurons, query.get());
            let all_weights = weights(&all_scores);
            let wide = neurons.width.max(1);
            let own = neurons.query_values.chunks_exact(wide).nth(query.get())?;
            let mut rows = (0..neurons.keys * wide).filter_map(|at| {
                let (key, number) = (at / wide, at % wide);
                let score = all_scores.get(key).copied().flatten().map(|score| score.to_string());
                let (q, k) = (own.get(number)?, neurons.key_values.get(at)?);
                let [q, k, product] = [*q, *k, q * k].map(|one| one.to_string());
                let weight = all_weights.get(key)?.to_string();
                let text = csv::text(&name(true, key));
                Some(vec![key.to_string(), text, score.unwrap_or_default(), weight, number.to_string(), q, k, product])
            });
            Some(csv::table(&["key", "text", "score", "weight", "number", "q", "k", "product"], &mut rows))
        })
    };
    let title = move || fill("save.neurons", &[&place.get().head.0, &place.get().head.1]);
    of_page(app, "neurons", Box::new(title), Box::new(svg), Box::new(table))
}
