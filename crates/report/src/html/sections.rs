//! What a report says, section by section.

use headlight_document::{Attention, Attribution, Explanation, Heads};

use super::{Page, WEIGHTS, weights};
use crate::colour::Scale;
use crate::format::{duration, number, signed};
use crate::pieces::visible;
use crate::plot::{Plot, Series};
use crate::svg::{self, Caption, Cells, Colours};
use crate::{VERSION, cite, csv, drawings, escape, words};

/// A map is drawn of at most this many tokens.
const TOKENS: usize = 512;

fn quoted(text: &str) -> String {
    format!("“{}”", visible(text))
}

pub fn question(page: &mut Page, document: &Explanation) {
    let input = &document.input;
    page.add("blockquote", &input.text);
    if let Some(second) = &input.second_text {
        page.add("p class=\"note\"", "with the second text");
        page.add("blockquote", second);
    }
    if let Some(prompt) = &input.prompt {
        page.raw("<details>");
        page.add("summary", "What the model was given");
        page.add("blockquote", prompt);
        page.raw("</details>");
    }
    page.raw("<p>Explained is ");
    page.add("b", &words::target(document));
    page.raw(": ");
    page.add("b", &number(document.target.value));
    page.raw(".</p>");
}

/// What speaks against what follows, before it.
pub fn doubts(page: &mut Page, document: &Explanation) {
    page.add("h2", "What speaks against it");
    let mut count = 0;
    let mut mind = |page: &mut Page, who: &str, said: &str| {
        count += 1;
        page.raw("<p class=\"mind\">");
        if !who.is_empty() {
            page.add("b", who);
            page.raw(" ");
        }
        page.raw(&escape(said));
        page.raw("</p>");
    };
    for warning in &document.warnings {
        mind(page, "", warning);
    }
    for one in &document.attributions {
        for said in one.checks.distrust.as_slice() {
            mind(page, &format!("{}:", one.method.title()), said);
        }
    }
    for one in document.faithfulness.iter().flat_map(|found| &found.methods) {
        for said in &one.verdicts {
            mind(page, &format!("{}:", one.method.title()), said);
        }
    }
    let measured = if document.faithfulness.is_some() { "" } else { " No measure of faithfulness was taken." };
    page.add(
        "p",
        &match count {
            0 => format!("No check found anything.{measured}"),
            _ => format!("No method is right by itself: hold several beside each other.{measured}"),
        },
    );
}

pub fn method(page: &mut Page, document: &Explanation, attribution: &Attribution) {
    page.add("h2", attribution.method.title());
    let drawing = drawings::tokens(document, attribution, false);
    page.figure(&drawing);
    let parameters = words::parameters(attribution);
    if !parameters.is_empty() {
        page.add("p class=\"note\"", &format!("Parameters: {parameters}."));
    }
    for line in words::checks(attribution) {
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
        vec![format!("written {at}"), visible(&token.text), String::new(), value.to_string()]
    });
    let heads = ["#", "Token", "Bytes", "Value", "Standard error"];
    let count = if errors.is_some() { 5 } else { 4 };
    page.table("Every token’s number", &heads[..count], &mut inputs.chain(written));
}

pub fn agreement(page: &mut Page, document: &Explanation) {
    let rows = document.agreement.iter().map(|pair| {
        let [a, b] = pair.pair.map(|at| document.attributions.get(at).map_or("", |one| one.method.title()));
        let figure = |figure: Option<f64>| figure.map_or_else(|| "–".to_owned(), number);
        vec![format!("{a} and {b}"), figure(pair.spearman), figure(pair.top_3)]
    });
    if !document.agreement.is_empty() {
        page.add("h2", "Agreement");
        page.table("", &["Methods", "Spearman’s ρ", "Of the three greatest, shared"], &mut { rows });
    }
}

pub fn answer(page: &mut Page, document: &Explanation) {
    let output = &document.output;
    if output.top.is_empty() && output.text.is_none() {
        return;
    }
    page.add("h2", "What the model answers");
    if let Some(text) = &output.text {
        page.add("blockquote", text);
    }
    if !output.top.is_empty() {
        page.figure(&drawings::candidates(document, false));
        let rows = output
            .top
            .iter()
            .map(|one| vec![visible(&one.text), one.id.to_string(), one.prob.to_string(), one.logit.to_string()]);
        page.table("The candidates’ numbers", &["Candidate", "Id", "Probability", "Logit"], &mut { rows });
    }
    let written = output.tokens.iter().map(|one| vec![visible(&one.text), one.id.to_string(), one.prob.to_string()]);
    page.table("Every written token", &["Token", "Id", "Probability"], &mut { written });
    let labels = document.input.tokens.iter().zip(&output.labels);
    let labels = labels.map(|(token, label)| vec![visible(&token.text), label.label.clone(), label.prob.to_string()]);
    page.table("Every token’s label", &["Token", "Label", "Probability"], &mut { labels });
    let spans = output.spans.iter().map(|one| {
        vec![quoted(&one.text), format!("{}–{}", one.start, one.end), one.prob.to_string(), one.logit.to_string()]
    });
    page.table("Answers in the text", &["Answer", "Tokens", "Probability", "Logit"], &mut { spans });
    if let Some(changed) = &document.changed {
        page.add("h3", "With the model changed");
        let rows = changed.top.iter().map(|one| vec![visible(&one.text), one.prob.to_string(), one.logit.to_string()]);
        page.add("p", &format!("The target becomes {}.", number(changed.value)));
        page.table("", &["Candidate", "Probability", "Logit"], &mut { rows });
    }
}

pub fn faithfulness(page: &mut Page, document: &Explanation) {
    let Some(found) = &document.faithfulness else { return };
    page.add("h2", "How faithful it is");
    page.add(
        "p class=\"note\"",
        &format!(
            "By the probability of the answer: {} for the whole text, {} with nothing there, where “{}” stands for what is left \
             out. The model was asked about {} texts.",
            number(found.value),
            number(found.empty_value),
            found.replacement,
            found.evaluations
        ),
    );
    let figure = |figure: Option<f64>| figure.map_or_else(|| "–".to_owned(), number);
    let mean = |areas: &[f64]| (!areas.is_empty()).then(|| areas.iter().sum::<f64>() / areas.len() as f64);
    let rows = found.methods.iter().map(|one| {
        let (deletion, insertion, erasure) = (one.deletion.as_ref(), one.insertion.as_ref(), one.erasure.as_ref());
        let mut row = vec![one.method.title().to_owned()];
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
        let mut row = vec![format!("{} random orders", random.orders)];
        row.extend([random.aopc_comprehensiveness, random.aopc_sufficiency].map(figure));
        row.extend([mean(&random.deletion.areas), mean(&random.insertion.areas)].map(figure));
        row.extend(["–"; 3].map(str::to_owned));
        row
    });
    let heads = [
        "Method",
        "Comprehensiveness",
        "Sufficiency",
        "Deletion area",
        "Insertion area",
        "τ with leave-one-out",
        "Sensitivity",
        "ρ with an untrained model",
    ];
    page.table("", &heads, &mut rows.chain(random));
    for at in 0..found.methods.len() {
        for is_insertion in [false, true] {
            if let Some(drawing) = drawings::curve(document, at, is_insertion, false) {
                page.figure(&drawing);
            }
        }
    }
}

fn heat(page: &mut Page, title: &str, axes: (&str, &str), rows: usize, columns: &[String], values: &[f64]) {
    let names: Vec<String> = (0..rows).map(|at| at.to_string()).collect();
    let scale = Scale::of(values.iter().copied(), true);
    let cells = Cells::signed(columns.len(), rows, values, scale);
    let description = format!("{title}: {rows} × {} numbers.", columns.len());
    let caption = Caption { title, description: &description, note: "orange: negative, blue: positive" };
    let map = svg::Map { caption, rows: &names, columns, axes, cells: &cells, colours: Colours::Map(scale) };
    page.figure(&svg::map(&map, false));
}

fn numbered(count: usize) -> Vec<String> {
    (0..count).map(|at| at.to_string()).collect()
}

pub fn heads(page: &mut Page, document: &Explanation, found: &Heads) {
    page.add("h2", "What heads and layers do");
    if let Some(lens) = &found.lens {
        let description = format!("The target after each layer: {}.", svg::ends(&lens.values));
        page.figure(&svg::chart(
            &svg::Chart {
                caption: Caption { title: "The target after each layer", description: &description, note: "" },
                axes: ("layers gone through", "target"),
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
        page.table("The target after each layer, in numbers", &["Layers", "Target", "Best entry"], &mut { rows });
    }
    let ablated = found
        .ablation
        .iter()
        .flat_map(|one| one.heads.iter().map(|heads| ("What the target loses without each head", heads)));
    let direct = found
        .direct
        .iter()
        .flat_map(|one| one.heads.iter().map(|heads| ("What each head writes into the logit", heads)));
    let patched = found
        .patching
        .iter()
        .flat_map(|one| one.z.iter().map(|heads| ("The target’s change by each head’s output of another text", heads)));
    let induced = found.induction.iter().map(|one| ("Induction on repeated random tokens", &one.scores));
    for (title, values) in ablated.chain(direct).chain(patched).chain(induced) {
        let heads = numbered(values.heads);
        heat(page, title, ("layer", "head"), values.layers, &heads, &values.values);
        let rows = values.values.iter().enumerate().map(|(at, value)| {
            let heads = values.heads.max(1);
            vec![format!("L{}H{}", at / heads, at % heads), value.to_string()]
        });
        page.table(&format!("{title}, in numbers"), &["Head", "Value"], &mut { rows });
    }
    for stack in found.patching.iter().flat_map(|one| &one.residual) {
        let names: Vec<String> = document.input.tokens.iter().map(|token| visible(&token.text)).collect();
        let names = if names.len() == stack.tokens { names } else { numbered(stack.tokens) };
        heat(
            page,
            "The target’s change by what another text has before each layer",
            ("layer", ""),
            stack.layers,
            &names,
            &stack.values,
        );
    }
    if let Some(direct) = &found.direct {
        let mlps = direct.mlps.iter().sum();
        let rows = [
            ("Logit", direct.logit),
            ("Embedding", direct.embedding),
            ("Heads", direct.heads.iter().flat_map(|heads| &heads.values).sum()),
            ("MLPs", mlps),
            ("Recurrence", direct.recurrence.iter().sum()),
            ("Biases", direct.biases),
            ("Rest", direct.rest),
        ];
        page.table(
            "",
            &["What the logit is made of", "Share"],
            &mut rows.iter().map(|(name, value)| vec![(*name).to_owned(), signed(*value)]),
        );
    }
    for profile in &found.profiles {
        let names: Vec<&str> = std::iter::once("Head")
            .chain(profile.values.first().map(csv::figures).into_iter().flatten().map(|(name, _)| name))
            .collect();
        let rows = profile.values.iter().enumerate().map(|(at, head)| {
            let heads = profile.heads.max(1);
            let figures = csv::figures(head).map(|(_, value)| value.map_or_else(|| "–".to_owned(), number));
            std::iter::once(format!("L{}H{}", at / heads, at % heads)).chain(figures).collect()
        });
        page.table(&format!("{}: where each head looks", drawings::kind_title(profile.kind)), &names, &mut { rows });
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

pub fn maps(page: &mut Page, document: &Explanation, attention: &Attention) {
    page.add("h2", drawings::kind_title(attention.kind));
    page.add("p class=\"note\"", "Attention says where a head looks, not what that does to the answer.");
    if let Some(drawing) = drawings::grid(attention, false) {
        page.figure(&drawing);
    }
    let one = worth(attention).filter(|_| attention.rows.max(attention.columns) <= TOKENS);
    if let Some(((layer, head), values)) =
        one.and_then(|(layer, head)| Some(((layer, head), attention.head(layer, head)?)))
    {
        let [rows, columns] = axes(document, attention);
        let cells = Cells::weights(attention.columns, attention.rows, values, attention.kind);
        let title = format!("Layer {layer}, head {head}");
        let caption = Caption {
            title: &title,
            description: "One head’s map: rows look, columns are looked at.",
            note: "attention weight, square-root scale",
        };
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
        let titles =
            ["Head", "Mean entropy, nats", "Mean distance, tokens", "Greatest weight of the last query", "Alignment"];
        page.table("Every head’s figures", &titles, &mut { rows });
    }
    match (&attention.values, weights(document) > WEIGHTS) {
        (Some(values), true) => page.add(
            "p class=\"note\"",
            &format!(
                "The {} weights are drawn and not in this file as numbers: the exported JSON or CSV has them.",
                values.len()
            ),
        ),
        (None, _) => page.add(
            "p class=\"note\"",
            "The text is long: what is drawn are the maps made small, of each square of weights the largest.",
        ),
        _ => {}
    }
}

/// The model, what was done with it, and how to say so.
pub fn how(page: &mut Page, document: &Explanation, date: Option<&str>, library: &str) {
    let model = &document.model;
    page.add("h2", "How it was made");
    let mut rows = vec![
        ("Model", format!("{} ({})", model.title, model.id)),
        ("SHA-256 of the weights", model.sha256.clone()),
        ("Family", format!("{}, {} layers of {} heads", model.family, model.layers, model.heads)),
        ("Licence", model.license.clone()),
        ("Device", model.device.clone()),
        ("Headlight", VERSION.to_owned()),
        ("Document", document.schema.clone()),
    ];
    rows.extend(document.timing_ms.get("total").map(|time| ("Time", duration(*time))));
    rows.extend(date.map(|date| ("Date", date.to_owned())));
    page.table("", &[], &mut rows.into_iter().map(|(name, value)| vec![name.to_owned(), value]));
    page.add("h3", "For a paper");
    page.add("p", &cite::paragraph(document));
    page.add("pre", &cite::bibtex(document, date.and_then(|date| date.get(..4)), library));
    let kept = if weights(document) > WEIGHTS { ", without its attention weights," } else { "" };
    page.add(
        "p class=\"note\"",
        &format!("The document{kept} is in this file as JSON, in its last element. Nothing here is fetched, and no script runs."),
    );
}
