//! What is said beside an attribution about how it was made and how far it can be trusted.

use headlight_document::{Attribution, Method};

use super::format::{number, signed};
use super::names;

use crate::locale::fill;

/// A sentence each: what it ran with, whether its values sum to what they should, how sure they are.
#[must_use]
pub fn lines(attribution: &Attribution) -> Vec<String> {
    let checks = &attribution.checks;
    let mut lines = Vec::new();
    if let Some(share) = checks.share {
        lines.push(fill("trust.estimate", &[&format_args!("{:.0}", 100.0 * share)]));
    }
    if !attribution.parameters.is_empty() {
        let told = attribution.parameters.iter().map(|(name, value)| match value.as_str() {
            // The piece of a vocabulary, whatever it says.
            Some(piece) if name == "replacement" => format!("{} {piece}", names::parameter(name)),
            Some(text) => format!("{} {}", names::parameter(name), names::option(text)),
            None => format!("{} {value}", names::parameter(name)),
        });
        lines.push(format!("{}: {}.", names::method(attribution.method), told.collect::<Vec<_>>().join(", ")));
    }
    if let (Some(baseline), Some(error)) = (checks.baseline_value, checks.completeness_error) {
        let difference = checks.target_value - baseline;
        lines.push(fill("trust.sum", &[&number(difference), &number(baseline), &signed(error)]));
    }
    if let Some(r2) = checks.r2 {
        lines.push(fill("trust.r2", &[&format_args!("{r2:.2}")]));
    }
    if let Some(errors) = &attribution.standard_errors {
        let greatest = errors.iter().copied().fold(0.0_f64, f64::max);
        lines.push(fill("trust.samples", &[&number(greatest)]));
    }
    lines
}

/// What is said where a method's values are not there yet; `first` is what colours the text meanwhile, where it is another
/// method, and `cost` what it would take, where nobody has asked for it.
#[must_use]
pub fn waiting(first: Option<Method>, method: Method, cost: Option<&str>) -> String {
    let (title, colours) = (names::method(method), first.map(names::method));
    match (cost, colours) {
        (Some(cost), Some(colours)) => fill("trust.waits", &[&title, &cost, &colours]),
        (Some(cost), None) => fill("trust.waits.new", &[&title, &cost]),
        (None, Some(colours)) => fill("trust.asks", &[&title, &colours]),
        (None, None) => fill("trust.asks.old", &[&title]),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use headlight_document::Checks;

    #[test]
    fn what_is_known_is_said_and_nothing_else() {
        let mut one = Attribution {
            method: Method::Saliency,
            parameters: std::collections::BTreeMap::new(),
            values: vec![1.0],
            standard_errors: None,
            units: None,
            output_values: None,
            checks: Checks { target_value: 2.0, ..Checks::default() },
        };
        assert!(lines(&one).is_empty());
        one.method = Method::Lime;
        one.parameters.insert("samples".into(), 500.into());
        one.parameters.insert("units".into(), "word".into());
        one.checks.r2 = Some(0.5);
        one.standard_errors = Some(vec![0.25, 0.5]);
        let said = lines(&one).join(" ");
        assert!(said.starts_with("LIME: samples 500, units word. R² 0.50"), "{said}");
        assert!(said.contains("up to 0.5"), "{said}");
        assert!(waiting(Some(Method::Lime), Method::KernelShap, None).ends_with("those of LIME."));
        let offered = waiting(Some(Method::Saliency), Method::Lime, Some("500 runs"));
        assert_eq!(offered, "LIME waits (500 runs); the colours are those of Saliency.");
    }
}
