//! What a document is about, in words.

use headlight_document::{Attribution, Explanation, TargetKind};

use crate::Texts;
use crate::format::{number, signed};

/// What is explained, as the middle of a sentence: "the logit of “ Paris” as the next token".
#[must_use]
pub fn target(document: &Explanation, texts: Texts<'_>) -> String {
    let target = &document.target;
    let at = |key: &str| target.position.map_or_else(String::new, |at| texts.fill(key, &[&at]));
    let read = format!("read.{}", target.read.name());
    let read = texts.say(&read);
    let (key, place) = match target.kind {
        TargetKind::NextToken => ("target.next", String::new()),
        TargetKind::Class => ("target.class", String::new()),
        TargetKind::TokenLabel => ("target.label", at("target.at.token")),
        TargetKind::MaskedWord => ("target.mask", at("target.at.token")),
        TargetKind::AnswerSpan => match (target.position, target.end) {
            (Some(from), Some(end)) => ("target.span", texts.fill("target.at.span", &[&from, &end])),
            _ => ("target.span", at("target.at.from")),
        },
        TargetKind::OutputToken => ("target.output", at("target.at.number")),
        TargetKind::Similarity => ("target.cosine", String::new()),
    };
    let told = texts.fill(key, &[&read, &target.text, &place]);
    match &target.foil {
        Some(foil) => texts.fill("target.foil", &[&told, &foil.text]),
        None => told,
    }
}

/// The parameters that a method ran with: "steps 50, baseline zero". Empty where it has none.
#[must_use]
pub fn parameters(attribution: &Attribution, texts: Texts<'_>) -> String {
    let told = attribution.parameters.iter().map(|(name, value)| {
        let unit = if name == "noise" { " %" } else { "" };
        let value = match value.as_str() {
            // What stands for a token is a text of the model's own, whatever it looks like.
            Some(text) if name == "replacement" => text.to_owned(),
            Some(text) => texts.option(text).to_owned(),
            None => format!("{value}{unit}"),
        };
        texts.fill("parameter", &[&texts.parameter(name), &value])
    });
    told.collect::<Vec<_>>().join(texts.say("parameter.then"))
}

/// What speaks for or against an attribution's values, a sentence each; not its `distrust`, which has words of its own.
#[must_use]
pub fn checks(attribution: &Attribution, texts: Texts<'_>) -> Vec<String> {
    let checks = &attribution.checks;
    let mut lines = Vec::new();
    if let (Some(baseline), Some(error)) = (checks.baseline_value, checks.completeness_error) {
        let sum = number(checks.target_value - baseline);
        lines.push(texts.fill("check.sum", &[&sum, &number(baseline), &signed(error)]));
    }
    if let Some(r2) = checks.r2 {
        lines.push(texts.fill("check.r2", &[&format_args!("{r2:.2}")]));
    }
    if let Some(errors) = &attribution.standard_errors {
        let greatest = errors.iter().copied().fold(0.0_f64, f64::max);
        lines.push(texts.fill("check.samples", &[&number(greatest)]));
    }
    lines
}

/// Whether an attribution's values run both ways: SmoothGrad's do as its base's do.
#[must_use]
pub fn is_signed(attribution: &Attribution) -> bool {
    let base = attribution.parameters.get("base").and_then(|base| base.as_str());
    attribution.method.is_signed() && base != Some("saliency")
}
