//! An explanation as a few lines for a terminal.

use std::fmt::Write;

use headlight_document::Explanation;

/// The widest bar, in characters.
const BAR: f64 = 24.0;

/// Writes the target, the candidates and one table of attributions.
pub fn text(explanation: &Explanation) -> String {
    let mut text = String::new();
    let target = &explanation.target;
    // Writing to a string cannot fail.
    let _ = writeln!(text, "{} on {}", explanation.model.title, explanation.model.device);
    let _ = writeln!(text, "target {:?} as {}: {:.4}", target.text, target.read, target.value);
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
    }
    for warning in &explanation.warnings {
        let _ = writeln!(text, "\nMind: {warning}");
    }
    text
}
