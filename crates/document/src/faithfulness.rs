//! How far explanations can be trusted on the text at hand: what is measured of each, and how they agree.
//!
//! `explain::faithfulness` has the formulas. All measures but sensitivity ask for the *probability* of the target (without a
//! foil, and whatever it is read as; the cosine for a similarity).

use serde::{Deserialize, Serialize};

use crate::method::Method;
use crate::names::names;

/// The fewest random orders that a curve is held against.
pub const RANDOM_ORDERS: usize = 20;

/// Copies of the text that [`Measure::SensitivityMax`] explains again (Captum's default).
pub const SENSITIVITY_SAMPLES: usize = 10;

/// What can be measured of an explanation.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Measure {
    /// Deletion and insertion curves beside a band of random orders (Samek et al. 2017; Petsiuk et al. 2018).
    Curves,
    /// Comprehensiveness, sufficiency and their AOPC over tenths (DeYoung et al. 2020; ferret).
    Erasure,
    /// Kendall's τ with leave-one-out (ferret).
    TauLoo,
    /// How much the explanation moves when the embeddings hardly do (Yeh et al. 2019; Captum's `sensitivity_max`).
    SensitivityMax,
    /// Whether an untrained model would be explained alike (Adebayo et al. 2018).
    Randomization,
}
names!(Measure, "measure", {
    Measure::Curves => "curves", Measure::Erasure => "erasure", Measure::TauLoo => "tau_loo",
    Measure::SensitivityMax => "sensitivity_max", Measure::Randomization => "randomization",
});

impl Measure {
    /// The name that people read.
    #[must_use]
    pub fn title(self) -> &'static str {
        match self {
            Self::Curves => "Deletion and insertion",
            Self::Erasure => "Comprehensiveness and sufficiency",
            Self::TauLoo => "Kendall’s τ with leave-one-out",
            Self::SensitivityMax => "Sensitivity",
            Self::Randomization => "Untrained model",
        }
    }

    /// How many texts the model is asked about, at most, to measure `methods` methods over `tokens` ranked tokens; for the
    /// last two measures, how many times each method is run again. What several measures ask for is asked once, so a sum is
    /// more than is needed.
    #[must_use]
    pub fn cost(self, tokens: usize, methods: usize) -> usize {
        let inner = tokens.saturating_sub(1);
        match self {
            Self::Curves => 2 * inner * (RANDOM_ORDERS + methods) + 2,
            Self::Erasure => 20 * methods + 2,
            Self::TauLoo => tokens + 1,
            Self::SensitivityMax => SENSITIVITY_SAMPLES * methods,
            Self::Randomization => methods,
        }
    }
}

/// Everything that was measured, of each of the document's attributions.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Faithfulness {
    /// The probability that is measured with, on the whole text.
    pub value: f64,
    /// The same with none of the ranked tokens there.
    pub empty_value: f64,
    /// The ranked tokens, as places in `input.tokens` (those that were written count on behind them): all but special ones.
    /// Curves count these.
    pub tokens: Vec<usize>,
    /// The token that stands for what is left out.
    pub replacement: String,
    /// How many texts the model was asked about, each with something left out.
    pub evaluations: usize,
    /// Random orders, for curves.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub random: Option<RandomOrders>,
    /// One entry for each attribution, in the same order.
    pub methods: Vec<Measured>,
}

/// What removing tokens in random order does.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct RandomOrders {
    /// What they were drawn from.
    pub seed: u64,
    /// How many there are.
    pub orders: usize,
    /// Deletion.
    pub deletion: Band,
    /// Insertion.
    pub insertion: Band,
    /// AOPC of comprehensiveness, the mean over the orders.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub aopc_comprehensiveness: Option<f64>,
    /// AOPC of sufficiency, the mean over the orders.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub aopc_sufficiency: Option<f64>,
}

/// The curves of random orders together.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Band {
    /// The least at each number of tokens, `[tokens + 1]`.
    pub least: Vec<f64>,
    /// The mean.
    pub mean: Vec<f64>,
    /// The greatest.
    pub greatest: Vec<f64>,
    /// The area of each order's curve, `[orders]`.
    pub areas: Vec<f64>,
}

/// What was measured of one attribution.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Measured {
    /// Its method.
    pub method: Method,
    /// The probability with the k greatest tokens left out, k = 0 … tokens.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub deletion: Option<Curve>,
    /// The probability with only the k greatest tokens there.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub insertion: Option<Curve>,
    /// Comprehensiveness and sufficiency.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub erasure: Option<Erasure>,
    /// Kendall's τ-b with leave-one-out, by replacement. None too where all values are the same.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub tau_loo: Option<f64>,
    /// The greatest ‖E(x+δ) − E(x)‖/‖E(x)‖ over the samples.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub sensitivity_max: Option<f64>,
    /// Spearman's ρ of absolute values with those of the same method on a model whose weights are random.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub randomization: Option<f64>,
    /// What speaks against it, a sentence each.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub verdicts: Vec<String>,
}

impl Measured {
    /// Nothing measured yet.
    #[must_use]
    pub fn new(method: Method) -> Self {
        Self {
            method,
            deletion: None,
            insertion: None,
            erasure: None,
            tau_loo: None,
            sensitivity_max: None,
            randomization: None,
            verdicts: Vec::new(),
        }
    }
}

/// One curve.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Curve {
    /// `[tokens + 1]`.
    pub values: Vec<f64>,
    /// The mean of its trapezoids.
    pub area: f64,
    /// The share of random orders that it does better than.
    pub better_than: f64,
}

/// Comprehensiveness and sufficiency, by replacing tokens. The rationale of a tenth t is the ⌊t·n/10⌋ greatest values that
/// are positive; tenths whose rationale is empty or that of the tenth before are left out.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Erasure {
    /// The tenths that stay, of 1 … 10.
    pub tenths: Vec<usize>,
    /// p(x) − p(x without the rationale).
    pub comprehensiveness: Vec<f64>,
    /// p(x) − p(the rationale alone).
    pub sufficiency: Vec<f64>,
    /// The mean of the former. None where nothing is positive.
    pub aopc_comprehensiveness: Option<f64>,
    /// The mean of the latter.
    pub aopc_sufficiency: Option<f64>,
}

/// How alike two attributions of the document are, over the tokens that are not special.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Agreement {
    /// The two, as places in `attributions`.
    pub pair: [usize; 2],
    /// Spearman's ρ. None where one has the same value everywhere.
    pub spearman: Option<f64>,
    /// How many of the three greatest by absolute value both share, over three.
    pub top_3: Option<f64>,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_cost_grows_with_tokens_and_methods() {
        assert_eq!(Measure::Curves.cost(10, 2), 18 * 22 + 2);
        assert_eq!(Measure::TauLoo.cost(0, 1), 1);
        for measure in Measure::ALL {
            assert!(measure.cost(8, 3) >= measure.cost(8, 1), "{measure}");
            assert_eq!(serde_json::to_value(measure).unwrap(), measure.name());
        }
    }
}
