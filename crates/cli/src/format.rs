//! An explanation as a few lines for a terminal.

use std::fmt::Write;

use headlight_document::{AttentionKind, Attribution, Explanation, HeadLabel, HeadValues, Heads, Lens, Profile};

/// What there is to say about how far an attribution can be trusted.
pub fn checks(attribution: &Attribution) -> Vec<String> {
    let checks = &attribution.checks;
    let mut lines = Vec::new();
    if !attribution.parameters.is_empty() {
        let told = attribution.parameters.iter().map(|(name, value)| match value.as_str() {
            Some(text) => format!("{name} {text}"),
            None => format!("{name} {value}"),
        });
        lines.push(told.collect::<Vec<_>>().join(", "));
    }
    if let (Some(baseline), Some(error)) = (checks.baseline_value, checks.completeness_error) {
        lines.push(format!("completeness: f {:.4}, baseline {baseline:.4}, error {error:.4}", checks.target_value));
    }
    if let Some(r2) = checks.r2 {
        lines.push(format!("R² {r2:.3}"));
    }
    if let Some(errors) = &attribution.standard_errors {
        lines.push(format!("standard error up to {:.4}", errors.iter().copied().fold(0.0_f64, f64::max)));
    }
    lines.extend(checks.distrust.iter().map(|sentence| format!("Mind: {sentence}")));
    lines
}

/// The widest bar, in characters.
const BAR: f64 = 24.0;

/// Writes the target, the candidates and one table of attributions.
pub fn text(explanation: &Explanation) -> String {
    let mut text = String::new();
    let target = &explanation.target;
    // Writing to a string cannot fail.
    let _ = writeln!(text, "{} on {}", explanation.model.title, explanation.model.device);
    let foil = target.foil.as_ref().map(|foil| format!(" rather than {:?}", foil.text)).unwrap_or_default();
    let _ = writeln!(text, "target {:?}{foil} as {}: {:.4}", target.text, target.read, target.value);
    for candidate in &explanation.output.top {
        let _ = writeln!(text, "  {:6.2} %  {:?}", candidate.prob * 100.0, candidate.text);
    }
    for attribution in &explanation.attributions {
        let greatest = attribution.values.iter().fold(0.0_f64, |greatest, value| greatest.max(value.abs()));
        let _ = writeln!(text, "\n{}", attribution.method.title());
        for (token, value) in explanation.input.tokens.iter().zip(&attribution.values) {
            let length = if greatest > 0.0 { (value.abs() / greatest * BAR).round() as usize } else { 0 };
            let bar = if *value < 0.0 { "░" } else { "█" }.repeat(length);
            let _ = writeln!(text, "  {value:10.4}  {:16} {bar}", format!("{:?}", token.text));
        }
        for line in checks(attribution) {
            let _ = writeln!(text, "  {line}");
        }
    }
    if let Some(heads) = &explanation.heads() {
        heads_text(&mut text, heads);
    }
    for warning in &explanation.warnings {
        let _ = writeln!(text, "\nMind: {warning}");
    }
    text
}

/// How many heads are named.
const GREATEST: usize = 5;

/// How many heads of one label are named.
const NAMED: usize = 12;

/// What there is to say of heads and layers, a line or two for each kind of figure.
fn heads_text(text: &mut String, heads: &Heads) {
    // Writing to a string cannot fail.
    if !heads.profiles.is_empty() {
        let _ = writeln!(text, "\nHeads by what they look at");
    }
    for profile in &heads.profiles {
        for (label, named) in labelled(profile) {
            let _ = writeln!(text, "  {label}: {named}");
        }
    }
    if let Some(over) = &heads.over_texts {
        let _ = writeln!(text, "\nThe same as the mean over {} texts", over.values.len());
        for (label, named) in over.profiles.iter().flat_map(labelled) {
            let _ = writeln!(text, "  {label}: {named}");
        }
        if let Some(ablation) = &over.ablation {
            let _ = writeln!(text, "  the target loses most without {}", greatest(&ablation.heads));
        }
    }
    if let Some(lens) = &heads.lens {
        let _ = writeln!(text, "\nThe target after each layer\n  {}", seen(lens));
    }
    if let Some(direct) = &heads.direct {
        let mlps: f64 = direct.mlps.iter().sum();
        let _ = writeln!(text, "\nThe logit of {:.4} is written by", direct.logit);
        let _ = writeln!(text, "  heads, the greatest: {}", greatest(&direct.heads));
        let _ = writeln!(
            text,
            "  MLPs {mlps:.4}, embedding {:.4}, biases {:.4}, rest {:.4}",
            direct.embedding, direct.biases, direct.rest
        );
    }
    if let Some(ablation) = &heads.ablation {
        let _ = writeln!(text, "\nThe target loses most without the heads\n  {}", greatest(&ablation.heads));
    }
    if let Some(induction) = &heads.induction {
        let best = greatest(std::slice::from_ref(&induction.scores));
        let _ = writeln!(text, "\nInduction on repeated random tokens, the greatest\n  {best}");
    }
    if let Some(patching) = &heads.patching {
        let _ = writeln!(
            text,
            "\nWith a head's z of {:?} (target {:.4}) the target changes most\n  {}",
            patching.text,
            patching.other_value,
            greatest(&patching.z)
        );
    }
}

/// A head's name, as people write it: layer and head, counted from 0.
fn name(kind: AttentionKind, heads: usize, index: usize) -> String {
    let heads = heads.max(1);
    let stack = match kind {
        AttentionKind::Cross => "cross ",
        AttentionKind::SelfAttention | AttentionKind::Encoder => "",
    };
    format!("{stack}L{}H{}", index / heads, index % heads)
}

/// The heads with the greatest numbers by size, and these.
fn greatest(all: &[HeadValues]) -> String {
    let values = all
        .iter()
        .flat_map(|one| one.values.iter().enumerate().map(|(index, value)| (name(one.kind, one.heads, index), *value)));
    let mut values: Vec<(String, f64)> = values.collect();
    values.sort_by(|(_, a), (_, b)| b.abs().total_cmp(&a.abs()));
    let named = values.iter().take(GREATEST).map(|(name, value)| format!("{name} {value:+.4}"));
    named.collect::<Vec<_>>().join(", ")
}

/// The heads of each label.
fn labelled(profile: &Profile) -> Vec<(&'static str, String)> {
    let labels = [
        (HeadLabel::Previous, "previous token"),
        (HeadLabel::Next, "next token"),
        (HeadLabel::Same, "itself"),
        (HeadLabel::First, "first token"),
        (HeadLabel::Special, "special tokens"),
        (HeadLabel::Duplicate, "same token elsewhere"),
        (HeadLabel::Induction, "induction"),
        (HeadLabel::Broad, "broad"),
    ];
    let named = |label: HeadLabel| {
        let heads = profile.values.iter().enumerate().filter(|(_, head)| head.labels.contains(&label));
        let mut names: Vec<String> = heads.map(|(index, _)| name(profile.kind, profile.heads, index)).collect();
        let more = names.len().saturating_sub(NAMED);
        names.truncate(NAMED);
        names.extend((more > 0).then(|| format!("and {more} more")));
        names.join(" ")
    };
    labels.into_iter().map(|(label, what)| (what, named(label))).filter(|(_, named)| !named.is_empty()).collect()
}

fn seen(lens: &Lens) -> String {
    let values = lens.values.iter().map(|value| format!("{value:.2}")).collect::<Vec<_>>().join(" ");
    let layers = lens.values.len().saturating_sub(1);
    match (lens.wins, &lens.ranks) {
        (Some(wins), _) => format!("{values}\n  It is the best after {wins} of {layers} layers and stays so."),
        (None, Some(ranks)) => {
            format!("{values}\n  At the end {} others are better.", ranks.last().copied().unwrap_or(0))
        }
        (None, None) => values,
    }
}
