//! What a document is about, in words.

use headlight_document::{Attribution, Explanation, Read, TargetKind};

use crate::format::{number, signed};

fn read(read: Read) -> &'static str {
    match read {
        Read::Logit => "logit",
        Read::LogProb => "log-probability",
        Read::Prob => "probability",
    }
}

/// What is explained, as the middle of a sentence: "the logit of “ Paris” as the next token".
#[must_use]
pub fn target(document: &Explanation) -> String {
    let target = &document.target;
    let at = |name: &str| target.position.map_or_else(String::new, |at| format!("{name} {at}"));
    let text = &target.text;
    let read = read(target.read);
    let told = match target.kind {
        TargetKind::NextToken => format!("the {read} of “{text}” as the next token"),
        TargetKind::Class => format!("the {read} of the label “{text}”"),
        TargetKind::TokenLabel => format!("the {read} of the label “{text}”{}", at(" at token")),
        TargetKind::MaskedWord => format!("the {read} of “{text}” in the place of the mask{}", at(" at token")),
        TargetKind::AnswerSpan => {
            let end = target.end.map_or_else(String::new, |end| format!(" to {end}"));
            format!("the {read} of “{text}” as the answer{}{end}", at(", from token"))
        }
        TargetKind::OutputToken => format!("the {read} of “{text}” as the written token{}", at(" number")),
        TargetKind::Similarity => "the cosine of the two texts’ embeddings".to_owned(),
    };
    match &target.foil {
        Some(foil) => format!("{told}, less that of “{}”", foil.text),
        None => told,
    }
}

/// The parameters that a method ran with: "steps 50, baseline zero". Empty where it has none.
#[must_use]
pub fn parameters(attribution: &Attribution) -> String {
    let told = attribution.parameters.iter().map(|(name, value)| {
        let unit = if name == "noise" { " %" } else { "" };
        match value.as_str() {
            Some(text) => format!("{name} {text}"),
            None => format!("{name} {value}{unit}"),
        }
    });
    told.collect::<Vec<_>>().join(", ")
}

/// What speaks for or against an attribution's values, a sentence each; not its `distrust`, which has words of its own.
#[must_use]
pub fn checks(attribution: &Attribution) -> Vec<String> {
    let checks = &attribution.checks;
    let mut lines = Vec::new();
    if let (Some(baseline), Some(error)) = (checks.baseline_value, checks.completeness_error) {
        lines.push(format!(
            "The values should sum to {} (with nothing there the target is {}); they are {} off.",
            number(checks.target_value - baseline),
            number(baseline),
            signed(error)
        ));
    }
    if let Some(r2) = checks.r2 {
        lines.push(format!("R² {r2:.2}: the share of the target’s changes that the linear model accounts for."));
    }
    if let Some(errors) = &attribution.standard_errors {
        let greatest = errors.iter().copied().fold(0.0_f64, f64::max);
        lines.push(format!("Drawn from samples: the standard error is up to {}.", number(greatest)));
    }
    lines
}

/// Whether an attribution's values run both ways: SmoothGrad's do as its base's do.
#[must_use]
pub fn is_signed(attribution: &Attribution) -> bool {
    let base = attribution.parameters.get("base").and_then(|base| base.as_str());
    attribution.method.is_signed() && base != Some("saliency")
}
