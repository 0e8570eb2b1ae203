//! What a report says, section by section.

use headlight_document::{Attention, Attribution, Explanation, Heads};

use super::{Page, WEIGHTS, weights};
use crate::colour::Scale;
use crate::format::{duration, number, signed};
use crate::pieces::visible;
use crate::plot::{Plot, Series};
use crate::svg::{self, Caption, Cells, Colours};
use crate::{Texts, VERSION, cite, csv, drawings, escape, words};

/// A map is drawn of at most this many tokens.
const TOKENS: usize = 512;

fn quoted(text: &str) -> String {
    format!("“{}”", visible(text))
}

pub fn question(page: &mut Page<'_>, document: &Explanation) {
    let input = &document.input;
    page.add("blockquote", &input.text);
    if let Some(second) = &input.second_text {
        page.say("p class=\"note\"", "question.second");
        page.add("blockquote", second);
    }
    if let Some(prompt) = &input.prompt {
        page.raw("<details>");
        page.say("summary", "question.prompt");
        page.add("blockquote", prompt);
        page.raw("</details>");
    }
    let told = words::target(document, page.texts);
    page.bold("question.target", [&told, &number(document.target.value)]);
}

/// What speaks against what follows, before it.
pub fn doubts(page: &mut Page<'_>, document: &Explanation) {
    let texts = page.texts;
    page.say("h2", "doubts");
    let mut count = 0;
    let mut mind = |page: &mut Page<'_>, who: &str, said: &str| {
        count += 1;
        page.raw("<p class=\"mind\">");
        if !who.is_empty() {
            page.add("b", who);
        }
        page.raw(&escape(said));
        page.raw("</p>");
    };
    for warning in &document.warnings {
        mind(page, "", &texts.heard(warning));
    }
    for one in &document.attributions {
        for said in one.checks.distrust.as_slice() {
            mind(page, &texts.fill("doubts.who", &[&texts.method(one.method)]), &texts.heard(said));
        }
    }
    for one in document.faithfulness.iter().flat_map(|found| &found.methods) {
        for said in &one.verdicts {
            mind(page, &texts.fill("doubts.who", &[&texts.method(one.method)]), &texts.heard(said));
        }
    }
    let found = texts.say(if count == 0 { "doubts.none" } else { "doubts.some" });
    let unmeasured = if document.faithfulness.is_some() { "" } else { texts.say("doubts.unmeasured") };
    page.add("p", &format!("{found}{unmeasured}"));
}

pub fn method(page: &mut Page<'_>, document: &Explanation, attribution: &Attribution) {
    let texts = page.texts;
    page.add("h2", texts.method(attribution.method));
    let drawing = drawings::tokens(document, attribution, texts, false);
    page.figure(&drawing);
    let parameters = words::parameters(attribution, texts);
    if !parameters.is_empty() {
        page.add("p class=\"note\"", &texts.fill("method.parameters", &[&parameters]));
    }
    for line in words::checks(attribution, texts) {
        page.add("p class=\"note\"", &line);
    }
    let errors = attribution.standard_errors.as_deref();
    let inputs = document.input.tokens.iter().zip(&attribution.values).enumerate().map(|(at, (token, value))| {
        let mut row =
            vec![at.to_string(), visible(&token.text), format!("{}–{}", token.start, token.end), value.to_string()];
        if let Some(errors) = errors {
            row.push(errors.get(at).map(f64::to_string).unwrap_or_default());
        }
        row
    });
    let written = document.output.tokens.iter().zip(attribution.output_values.iter().flatten()).enumerate();
    let written = written.map(|(at, (token, value))| {
        vec![texts.fill("method.written", &[&at]), visible(&token.text), String::new(), value.to_string()]
    });
    let heads = ["#", "column.token", "column.bytes", "column.value", "column.error"];
    let count = if errors.is_some() { 5 } else { 4 };
    page.table("method.table", &heads[..count], &mut inputs.chain(written));
}

pub fn agreement(page: &mut Page<'_>, document: &Explanation) {
    let texts = page.texts;
    let rows = document.agreement.iter().map(|pair| {
        let [a, b] = pair.pair.map(|at| document.attributions.get(at).map_or("", |one| texts.method(one.method)));
        let figure = |figure: Option<f64>| figure.map_or_else(|| "–".to_owned(), number);
        vec![texts.fill("agreement.pair", &[&a, &b]), figure(pair.spearman), figure(pair.top_3)]
    });
    if !document.agreement.is_empty() {
        page.say("h2", "agreement");
        page.table("", &["agreement.methods", "agreement.rho", "agreement.three"], &mut { rows });
    }
}

pub fn answer(page: &mut Page<'_>, document: &Explanation) {
    let output = &document.output;
    if output.top.is_empty() && output.text.is_none() {
        return;
    }
    page.say("h2", "answer");
    if let Some(text) = &output.text {
        page.add("blockquote", text);
    }
    if !output.top.is_empty() {
        page.figure(&drawings::candidates(document, page.texts, false));
        let rows = output
            .top
            .iter()
            .map(|one| vec![visible(&one.text), one.id.to_string(), one.prob.to_string(), one.logit.to_string()]);
        page.table(
            "answer.candidates",
            &["column.candidate", "column.id", "column.probability", "column.logit"],
            &mut { rows },
        );
    }
    let written = output.tokens.iter().map(|one| vec![visible(&one.text), one.id.to_string(), one.prob.to_string()]);
    page.table("answer.written", &["column.token", "column.id", "column.probability"], &mut { written });
    let labels = document.input.tokens.iter().zip(&output.labels);
    let labels = labels.map(|(token, label)| vec![visible(&token.text), label.label.clone(), label.prob.to_string()]);
    page.table("answer.labels", &["column.token", "column.label", "column.probability"], &mut { labels });
    let spans = output.spans.iter().map(|one| {
        vec![quoted(&one.text), format!("{}–{}", one.start, one.end), one.prob.to_string(), one.logit.to_string()]
    });
    page.table("answer.spans", &["column.answer", "column.tokens", "column.probability", "column.logit"], &mut {
        spans
    });
    if let Some(changed) = &document.changed {
        page.say("h3", "answer.changed");
        let rows = changed.top.iter().map(|one| vec![visible(&one.text), one.prob.to_string(), one.logit.to_string()]);
        page.add("p", &page.texts.fill("answer.changed.target", &[&number(changed.value)]));
        page.table("", &["column.candidate", "column.probability", "column.logit"], &mut { rows });
    }
}

pub fn faithfulness(page: &mut Page<'_>, document: &Explanation) {
    let Some(found) = &document.faithfulness else { return };
    let texts = page.texts;
    page.say("h2", "faithful");
    page.add(
        "p class=\"note\"",
        &texts.fill(
            "faithful.how",
            &[&number(found.value), &number(found.empty_value), &found.replacement, &found.evaluations],
        ),
    );
    let figure = |figure: Option<f64>| figure.map_or_else(|| "–".to_owned(), number);
    let mean = |areas: &[f64]| (!areas.is_empty()).then(|| areas.iter().sum::<f64>() / areas.len() as f64);
    let rows = found.methods.iter().map(|one| {
        let (deletion, insertion, erasure) = (one.deletion.as_ref(), one.insertion.as_ref(), one.erasure.as_ref());
        let mut row = vec![texts.method(one.method).to_owned()];
        row.extend([
            figure(erasure.and_then(|erasure| erasure.aopc_comprehensiveness)),
            figure(erasure.and_then(|erasure| erasure.aopc_sufficiency)),
            figure(deletion.map(|curve| curve.area)),
            figure(insertion.map(|curve| curve.area)),
            figure(one.tau_loo),
            figure(one.sensitivity_max),
            figure(one.randomization),
        ]);
        row
    });
    let random = found.random.iter().map(|random| {
        let mut row = vec![texts.fill("drawn.curve.random", &[&random.orders])];
        row.extend([random.aopc_comprehensiveness, random.aopc_sufficiency].map(figure));
        row.extend([mean(&random.deletion.areas), mean(&random.insertion.areas)].map(figure));
        row.extend(["–"; 3].map(str::to_owned));
        row
    });
    let heads = [
        "column.method",
        "faithful.comprehensiveness",
        "faithful.sufficiency",
        "faithful.deletion",
        "faithful.insertion",
        "faithful.tau",
        "faithful.sensitivity",
        "faithful.untrained",
    ];
    page.table("", &heads, &mut rows.chain(random));
    for at in 0..found.methods.len() {
        for is_insertion in [false, true] {
            if let Some(drawing) = drawings::curve(document, at, is_insertion, texts, false) {
                page.figure(&drawing);
            }
        }
    }
}

fn heat(page: &mut Page<'_>, title: &str, axes: (&str, &str), rows: usize, columns: &[String], values: &[f64]) {
    let names: Vec<String> = (0..rows).map(|at| at.to_string()).collect();
    let scale = Scale::of(values.iter().copied(), true);
    let cells = Cells::signed(columns.len(), rows, values, scale);
    let description = page.texts.fill("drawn.heat", &[&title, &rows, &columns.len()]);
    let caption = Caption { title, description: &description, note: page.texts.say("drawn.heat.note") };
    let map = svg::Map { caption, rows: &names, columns, axes, cells: &cells, colours: Colours::Map(scale) };
    page.figure(&svg::map(&map, false));
}

/// What a table of a drawing's numbers is called.
fn numbers_of(key: &str, texts: Texts<'_>) -> String {
    texts.fill("heads.numbers", &[&texts.say(key)])
}

fn numbered(count: usize) -> Vec<String> {
    (0..count).map(|at| at.to_string()).collect()
}

pub fn heads(page: &mut Page<'_>, document: &Explanation, found: &Heads) {
    let texts = page.texts;
    page.say("h2", "heads");
    if let Some(lens) = &found.lens {
        let description = texts.fill("heads.lens.what", &[&drawings::ends(&lens.values, texts)]);
        page.figure(&svg::chart(
            &svg::Chart {
                caption: Caption { title: texts.say("heads.lens"), description: &description, note: "" },
                axes: (texts.say("heads.lens.axis"), texts.say("heads.lens.target")),
                band: "",
                plot: Plot {
                    series: vec![Series { name: "", values: &lens.values, dashed: false }],
                    mark: lens.wins.map(|wins| wins as f64),
                    dotted: true,
                    sides: 0.4,
                    ..Plot::default()
                },
            },
            false,
        ));
        let entry = |at: usize| lens.best.as_ref().and_then(|best| best.get(at)).map(|one| visible(&one.text));
        let rows = lens
            .values
            .iter()
            .enumerate()
            .map(|(at, value)| vec![at.to_string(), value.to_string(), entry(at).unwrap_or_default()]);
        let columns = ["heads.lens.column.layers", "heads.lens.column.target", "heads.lens.column.best"];
        page.folded(&numbers_of("heads.lens", texts), &columns, &mut { rows });
    }
    let ablated = found.ablation.iter().flat_map(|one| one.heads.iter().map(|heads| ("heads.ablation", heads)));
    let direct = found.direct.iter().flat_map(|one| one.heads.iter().map(|heads| ("heads.direct", heads)));
    let patched = found.patching.iter().flat_map(|one| one.z.iter().map(|heads| ("heads.patching", heads)));
    let induced = found.induction.iter().map(|one| ("heads.induction", &one.scores));
    for (title, values) in ablated.chain(direct).chain(patched).chain(induced) {
        let heads = numbered(values.heads);
        let axes = (texts.say("drawn.layer"), texts.say("drawn.head"));
        heat(page, texts.say(title), axes, values.layers, &heads, &values.values);
        let rows = values.values.iter().enumerate().map(|(at, value)| {
            let heads = values.heads.max(1);
            vec![format!("L{}H{}", at / heads, at % heads), value.to_string()]
        });
        page.folded(&numbers_of(title, texts), &["column.head", "column.value"], &mut { rows });
    }
    for stack in found.patching.iter().flat_map(|one| &one.residual) {
        let names: Vec<String> = document.input.tokens.iter().map(|token| visible(&token.text)).collect();
        let names = if names.len() == stack.tokens { names } else { numbered(stack.tokens) };
        heat(page, texts.say("heads.residual"), (texts.say("drawn.layer"), ""), stack.layers, &names, &stack.values);
    }
    if let Some(direct) = &found.direct {
        let mlps = direct.mlps.iter().sum();
        let rows = [
            ("column.logit", direct.logit),
            ("heads.made.embedding", direct.embedding),
            ("heads.made.heads", direct.heads.iter().flat_map(|heads| &heads.values).sum()),
            ("heads.made.mlps", mlps),
            ("heads.made.recurrence", direct.recurrence.iter().sum()),
            ("heads.made.biases", direct.biases),
            ("heads.made.rest", direct.rest),
        ];
        page.table(
            "",
            &["heads.made", "heads.made.share"],
            &mut rows.iter().map(|(name, value)| vec![texts.say(name).to_owned(), signed(*value)]),
        );
    }
    for profile in &found.profiles {
        let figures = profile.values.first().map(csv::figures).into_iter().flatten();
        let names: Vec<String> = std::iter::once("column.head".to_owned())
            .chain(figures.map(|(name, _)| format!("figure.{name}")))
            .collect();
        let names: Vec<&str> = names.iter().map(|name| &**name).collect();
        let rows = profile.values.iter().enumerate().map(|(at, head)| {
            let heads = profile.heads.max(1);
            let figures = csv::figures(head).map(|(_, value)| value.map_or_else(|| "–".to_owned(), number));
            std::iter::once(format!("L{}H{}", at / heads, at % heads)).chain(figures).collect()
        });
        page.folded(&texts.fill("heads.profile", &[&drawings::kind_title(profile.kind, texts)]), &names, &mut { rows });
    }
}

/// The names of an attention's queries and keys.
fn axes(document: &Explanation, attention: &Attention) -> [Vec<String>; 2] {
    let input: Vec<String> = document.input.tokens.iter().map(|token| visible(&token.text)).collect();
    // A decoder beside an encoder begins with a token of its own, and reads what it has written.
    let start = std::iter::once("∅".to_owned());
    let output: Vec<String> = start.chain(document.output.tokens.iter().map(|token| visible(&token.text))).collect();
    [attention.rows, attention.columns].map(|count| {
        let names = if input.len() == count { &input } else { &output };
        (0..count).map(|at| names.get(at).cloned().unwrap_or_else(|| at.to_string())).collect()
    })
}

/// The head that is worth a look: the one whose last token looks most at one place that most heads do not fall back to.
fn worth(attention: &Attention) -> Option<(usize, usize)> {
    let summary = attention.summary.as_ref()?;
    let by = if summary.alignment.is_empty() { &summary.peak } else { &summary.alignment };
    let best = by.iter().enumerate().max_by(|(_, a), (_, b)| a.total_cmp(b))?.0;
    let heads = attention.heads.max(1);
    Some((best / heads, best % heads))
}

pub fn maps(page: &mut Page<'_>, document: &Explanation, attention: &Attention) {
    let texts = page.texts;
    page.add("h2", drawings::kind_title(attention.kind, texts));
    page.say("p class=\"note\"", "maps.mind");
    if let Some(drawing) = drawings::grid(attention, texts, false) {
        page.figure(&drawing);
    }
    let one = worth(attention).filter(|_| attention.rows.max(attention.columns) <= TOKENS);
    if let Some(((layer, head), values)) =
        one.and_then(|(layer, head)| Some(((layer, head), attention.head(layer, head)?)))
    {
        let [rows, columns] = axes(document, attention);
        let cells = Cells::weights(attention.columns, attention.rows, values, attention.kind);
        let title = texts.fill("drawn.one", &[&layer, &head]);
        let caption =
            Caption { title: &title, description: texts.say("drawn.one.what"), note: texts.say("drawn.weights") };
        let map = svg::Map {
            caption,
            rows: &rows,
            columns: &columns,
            axes: ("", ""),
            cells: &cells,
            colours: Colours::Weights,
        };
        page.figure(&svg::map(&map, false));
    }
    if let Some(summary) = &attention.summary {
        let heads = attention.heads.max(1);
        let rows = summary.entropy.iter().enumerate().map(|(at, entropy)| {
            let mut row = vec![format!("L{}H{}", at / heads, at % heads)];
            let others = [summary.distance.get(at), summary.peak.get(at), summary.alignment.get(at)];
            row.push(number(f64::from(*entropy)));
            row.extend(others.map(|figure| figure.map_or_else(|| "–".to_owned(), |figure| number(f64::from(*figure)))));
            row
        });
        let titles = ["column.head", "maps.entropy", "maps.distance", "maps.peak", "maps.alignment"];
        page.table("maps.table", &titles, &mut { rows });
    }
    match (&attention.values, weights(document) > WEIGHTS) {
        (Some(values), true) => page.add("p class=\"note\"", &texts.fill("maps.left_out", &[&values.len()])),
        (None, _) => page.say("p class=\"note\"", "maps.small"),
        _ => {}
    }
}

/// The model, what was done with it, and how to say so.
pub fn how(page: &mut Page<'_>, document: &Explanation, date: Option<&str>, library: &str) {
    let (model, texts) = (&document.model, page.texts);
    page.say("h2", "how");
    let mut rows = vec![
        ("how.model", format!("{} ({})", model.title, model.id)),
        ("how.hash", model.sha256.clone()),
        ("how.family", texts.fill("how.family.is", &[&model.family, &model.layers, &model.heads])),
        ("how.licence", model.license.clone()),
        ("how.device", model.device.clone()),
        ("Headlight", VERSION.to_owned()),
        ("how.document", document.schema.clone()),
    ];
    rows.extend(document.timing_ms.get("total").map(|time| ("how.time", duration(*time))));
    rows.extend(date.map(|date| ("how.date", date.to_owned())));
    page.table("", &[], &mut rows.into_iter().map(|(name, value)| vec![texts.say(name).to_owned(), value]));
    page.say("h3", "how.paper");
    page.add("p", &cite::paragraph(document, texts));
    page.add("pre lang=\"en\"", &cite::bibtex(document, date.and_then(|date| date.get(..4)), library));
    page.say("p class=\"note\"", if weights(document) > WEIGHTS { "how.kept.without" } else { "how.kept" });
}
