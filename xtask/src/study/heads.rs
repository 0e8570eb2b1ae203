//! `cargo xtask study heads`: which of SmolLM2's heads move a name to the end of a sentence, and which repeat what came before.

use std::fmt::Write;
use std::process::Command;

use serde_json::Value;

use crate::error::{Error, Result};
use crate::paths::Paths;
use crate::{models, process, say, site, system};

use super::{headlight, put};

/// Sentences with a person who is given something, and one who gives: text, whose name is right, and whose is not.
const SENTENCES: &[[&str; 3]] = &[
    ["When Mary and John went to the store, John gave a drink to", " Mary", " John"],
    ["When John and Mary went to the store, Mary gave a drink to", " John", " Mary"],
    ["When Lisa and Paul went to the park, Paul gave a ball to", " Lisa", " Paul"],
    ["After Anna and Tom came home, Tom handed the keys to", " Anna", " Tom"],
];

/// The first sentence with the other one giving: as many tokens, and another answer.
const OTHER: &str = "When Mary and John went to the store, Mary gave a drink to";

/// How many heads a table has.
const SHOWN: usize = 10;

/// One sentence's numbers.
struct Found {
    /// The logit of the right name less that of the other.
    value: f64,
    /// What each head writes into that, `[layers·heads]`.
    direct: Vec<f64>,
    /// What is lost without each.
    ablation: Vec<f64>,
    /// What each gives, at the last token, to the right name and to the other one's last mention.
    looks: Vec<[f64; 2]>,
    document: Value,
}

/// The tables and the pictures of `docs/heads`.
///
/// # Errors
/// When something is missing and can't be set up, or a command fails.
pub fn run(paths: &Paths) -> Result<()> {
    models::fetch(paths, &[])?;
    say::step("Building the command line in release (3 to 15 minutes the first time), then explaining (two minutes).");
    let mut all = Vec::new();
    for (at, [text, right, wrong]) in SENTENCES.iter().enumerate() {
        let mut explain = headlight(paths);
        explain.args(["explain", "--model", "smollm2", "--device", "cpu", "--attention", "full", "--text", text]);
        explain.arg("--target").arg(format!("next:{right}")).arg("--foil").arg(wrong);
        explain.args(["--direct", "--ablate"]);
        if at == 0 {
            explain.args(["--lens", "--induction"]);
        }
        let document: Value = serde_json::from_str(&process::output(&mut explain)?)
            .map_err(|error| Error::Usage(format!("`headlight explain` did not print a document: {error}.")))?;
        all.push(found(document, right, wrong).ok_or_else(|| Error::Usage("A figure is missing.".to_owned()))?);
    }
    let page = paths.root.join("docs/heads/README.md");
    put(&page, "heads", &tables(&all).ok_or_else(|| Error::Usage("A figure is missing.".to_owned()))?)?;
    pictures(paths)?;
    say::note(&format!("Written: {}, and pictures beside it. What it concludes is written by hand.", page.display()));
    Ok(())
}

/// Pictures of the first sentence, and of what repeats itself, as the page shows them.
fn pictures(paths: &Paths) -> Result<()> {
    site::build(paths, site::Options { dev: false, only_if_changed: true })?;
    // Its browser is started as the tests' is.
    system::ensure_node_modules(&paths.end_to_end())?;
    say::step("Taking pictures of the page in Chromium (four minutes).");
    let mut node = Command::new(system::ensure_node()?);
    node.current_dir(&paths.root).arg(paths.root.join("docs/heads/pictures.mjs"));
    if let Some([text, right, wrong]) = SENTENCES.first() {
        node.args(["--text", text, "--right", right, "--wrong", wrong, "--other", OTHER]);
    }
    node.env("HEADLIGHT_CHROMIUM", system::ensure_chromium()?).env("HEADLIGHT_DIST", paths.dist());
    process::run(&mut node)
}

fn numbers(value: &Value) -> Option<Vec<f64>> {
    value.as_array()?.iter().map(Value::as_f64).collect()
}

fn found(document: Value, right: &str, wrong: &str) -> Option<Found> {
    let tokens = document.pointer("/input/tokens")?.as_array()?;
    let place = |name: &str| tokens.iter().rposition(|token| token["text"] == name);
    let (right, wrong) = (place(right)?, place(wrong)?);
    let maps = numbers(document.pointer("/attention/0/values")?)?;
    let count = tokens.len();
    let looks = maps.chunks_exact(count * count).filter_map(|map| {
        let last = map.get(count * (count - 1)..)?;
        Some([*last.get(right)?, *last.get(wrong)?])
    });
    Some(Found {
        value: document.pointer("/target/value")?.as_f64()?,
        direct: numbers(document.pointer("/heads/direct/heads/0/values")?)?,
        ablation: numbers(document.pointer("/heads/ablation/heads/0/values")?)?,
        looks: looks.collect(),
        document,
    })
}

fn mean(all: &[Found], of: impl Fn(&Found) -> f64) -> f64 {
    all.iter().map(of).sum::<f64>() / all.len() as f64
}

fn tables(all: &[Found]) -> Option<String> {
    let first = all.first()?;
    let heads = first.document.pointer("/model/heads")?.as_u64()? as usize;
    let name = |head: usize| format!("L{}H{}", head / heads, head % heads);
    let at = |values: &[f64], head: usize| values.get(head).copied().unwrap_or_default();
    let mut text = String::new();

    let values: Vec<String> = all.iter().map(|one| format!("{:.2}", one.value)).collect();
    let _ = writeln!(text, "The right name’s logit less the other’s: {}.\n", values.join(", "));

    let mut order: Vec<usize> = (0..first.direct.len()).collect();
    let direct = |head: usize| mean(all, |one| at(&one.direct, head));
    let ablation = |head: usize| mean(all, |one| at(&one.ablation, head));
    let look = |head: usize, which: usize| {
        mean(all, |one| one.looks.get(head).and_then(|pair| pair.get(which)).copied().unwrap_or_default())
    };
    let row = |text: &mut String, head: usize| {
        let _ = writeln!(
            text,
            "| {} | {:+.2} | {:+.2} | {:+.2} | {:+.2} | {:.2} | {:.2} |",
            name(head),
            at(&first.direct, head),
            direct(head),
            at(&first.ablation, head),
            ablation(head),
            look(head, 0),
            look(head, 1)
        );
    };
    let title = "| head | writes, first sentence | mean of all | lost without it, first sentence | mean of all | looks at the right \
                 name | at the other |\n| --- | ---: | ---: | ---: | ---: | ---: | ---: |";
    order.sort_by(|a, b| direct(*b).total_cmp(&direct(*a)));
    let _ = writeln!(text, "Heads that write most for the right name, by the mean:\n\n{title}");
    order.iter().take(SHOWN).for_each(|head| row(&mut text, *head));
    let _ = writeln!(text, "\nHeads that write most against it:\n\n{title}");
    order.iter().rev().take(SHOWN / 2).for_each(|head| row(&mut text, *head));
    order.sort_by(|a, b| ablation(*b).total_cmp(&ablation(*a)));
    let _ = writeln!(text, "\nHeads without which most is lost:\n\n{title}");
    order.iter().take(SHOWN).for_each(|head| row(&mut text, *head));

    let lens = first.document.pointer("/heads/lens")?;
    let (differences, ranks) = (numbers(&lens["values"])?, numbers(&lens["ranks"])?);
    let best = lens["best"].as_array()?;
    let _ = writeln!(
        text,
        "\nThe first sentence after each layer (logit lens):\n\n| layers | difference | rank of the right name | most \
         probable |\n| ---: | ---: | ---: | --- |"
    );
    for (layer, ((difference, rank), best)) in differences.iter().zip(&ranks).zip(best).enumerate().skip(18) {
        let best = best["text"].as_str()?.trim();
        let _ = writeln!(text, "| {layer} | {difference:+.2} | {} | {best} |", rank + 1.0);
    }

    let induction = first.document.pointer("/heads/induction")?;
    let scores = numbers(induction.pointer("/scores/values")?)?;
    let mut order: Vec<usize> = (0..scores.len()).collect();
    order.sort_by(|a, b| at(&scores, *b).total_cmp(&at(&scores, *a)));
    let _ = writeln!(
        text,
        "\nInduction: what a head gives to the token after the same token, in {} texts of {} random tokens said twice:\n\n| head | \
         score |\n| --- | ---: |",
        induction["texts"], induction["length"]
    );
    for head in order.iter().take(SHOWN + 2) {
        let _ = writeln!(text, "| {} | {:.3} |", name(*head), at(&scores, *head));
    }
    Some(text)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn figures_are_found_in_a_document_and_ordered() {
        let document = json!({
            "model": { "heads": 1 }, "target": { "value": 2.0 },
            "input": { "tokens": [{ "text": " A" }, { "text": " B" }] },
            "attention": [{ "values": [1.0, 0.0, 0.3, 0.7, 1.0, 0.0, 0.9, 0.1] }],
            "heads": {
                "direct": { "heads": [{ "values": [0.5, -1.5] }] }, "ablation": { "heads": [{ "values": [0.0, 4.0] }] },
                "lens": { "values": [0.0], "ranks": [0.0], "best": [{ "text": "x" }] },
                "induction": { "texts": 1, "length": 3, "scores": { "values": [0.1, 0.2] } },
            },
        });
        let found = found(document, " A", " B").unwrap();
        assert_eq!(found.looks, [[0.3, 0.7], [0.9, 0.1]]);
        let text = tables(&[found]).unwrap();
        assert!(text.contains("| L0H0 | +0.50 | +0.50 | +0.00 | +0.00 | 0.30 | 0.70 |"), "{text}");
        assert!(text.contains("| L1H0 | 0.200 |\n| L0H0 | 0.100 |"), "{text}");
        assert!(super::found(json!({}), " A", " B").is_none());
    }
}
