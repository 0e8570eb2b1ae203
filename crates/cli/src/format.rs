//! An explanation as a few lines for a terminal.

use std::fmt::Write;

use headlight_document::{Attribution, Explanation};

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
    for warning in &explanation.warnings {
        let _ = writeln!(text, "\nMind: {warning}");
    }
    text
}
