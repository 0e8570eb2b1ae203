//! What is drawn of a curve: all curves of a comparison have one scale, so that they can be held beside each other.

use headlight_document::{Band, Faithfulness};

/// A curve before its band.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Plot<'a> {
    /// The answer's probability after so many tokens.
    pub values: &'a [f64],
    /// Random orders.
    pub band: Option<&'a Band>,
    /// The least and the greatest number on the scale.
    pub range: (f64, f64),
}

/// The deletion or insertion curve of the method at a place.
#[must_use]
pub fn plot(found: &Faithfulness, at: usize, is_insertion: bool) -> Option<Plot<'_>> {
    let measured = found.methods.get(at)?;
    let curve = if is_insertion { &measured.insertion } else { &measured.deletion }.as_ref()?;
    let band = found.random.as_ref().map(|random| if is_insertion { &random.insertion } else { &random.deletion });
    Some(Plot { values: &curve.values, band, range: range(found) })
}

fn range(found: &Faithfulness) -> (f64, f64) {
    let curves = found.methods.iter().flat_map(|method| method.deletion.iter().chain(&method.insertion));
    let bands = found.random.iter().flat_map(|random| [&random.deletion, &random.insertion]);
    let values = curves.map(|curve| &curve.values).chain(bands.flat_map(|band| [&band.least, &band.greatest]));
    let (low, high) = values
        .flatten()
        .filter(|value| value.is_finite())
        .fold((0.0_f64, 0.0_f64), |(low, high), &value| (low.min(value), high.max(value)));
    if high - low > 0.0 { (low, high) } else { (0.0, 1.0) }
}

#[cfg(test)]
mod tests {
    use headlight_document::{Curve, Measured, Method, RandomOrders};

    use super::*;

    #[test]
    fn all_curves_have_one_scale() {
        let measured = |values: Vec<f64>| Measured {
            method: Method::Lime,
            deletion: Some(Curve { values, area: 0.0, better_than: 0.0 }),
            insertion: None,
            erasure: None,
            tau_loo: None,
            sensitivity_max: None,
            randomization: None,
            verdicts: vec![],
        };
        let mut found =
            Faithfulness { methods: vec![measured(vec![0.5, 0.1]), measured(vec![0.6])], ..Faithfulness::default() };
        assert_eq!(plot(&found, 0, false).unwrap().range, (0.0, 0.6));
        assert_eq!(plot(&found, 0, true), None);
        let band = Band { greatest: vec![0.9, f64::NAN], ..Band::default() };
        found.random = Some(RandomOrders { deletion: band, ..RandomOrders::default() });
        let plot = plot(&found, 1, false).unwrap();
        assert_eq!((plot.range, plot.values), ((0.0, 0.9), &[0.6][..]));
        assert_eq!(range(&Faithfulness::default()), (0.0, 1.0));
    }
}
