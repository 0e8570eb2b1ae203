//! What a person changes of a model to see whether its answer changes.

use serde::{Deserialize, Serialize};

use crate::{AttentionKind, Candidate};

/// The most parts that may be scaled, and the most tokens that may be hidden.
pub const MAX_CHANGES: usize = 1000;

/// The greatest factor, in hundredths.
pub const MAX_PERCENT: u16 = 1000;

/// Changes of one text's run, all at once.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Intervention {
    /// Heads and MLPs whose output is scaled.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub scaled: Vec<Scaled>,
    /// Tokens of the input that no query of any layer sees, themselves included; the rest of each row is scaled to sum to one
    /// again.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub hidden: Vec<usize>,
}

impl Intervention {
    /// Whether nothing is changed.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.scaled.is_empty() && self.hidden.is_empty()
    }

    /// Whether it has no more changes than there may be, and no greater ones.
    #[must_use]
    pub fn is_bounded(&self) -> bool {
        self.scaled.len() <= MAX_CHANGES
            && self.hidden.len() <= MAX_CHANGES
            && self.scaled.iter().all(|scaled| scaled.percent <= MAX_PERCENT)
    }
}

/// One part of a model, and what its output is multiplied with.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Scaled {
    /// Of which attention the head is; for an MLP, which stack, as its attention is named.
    pub kind: AttentionKind,
    /// The layer.
    pub layer: usize,
    /// The head; none for the layer's MLP.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub head: Option<usize>,
    /// The factor in hundredths: 0 takes the part out.
    pub percent: u16,
}

/// What the changed model answers.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Changed {
    /// What was changed.
    pub intervention: Intervention,
    /// The candidates at the target's place, best first, as [`crate::Output::top`].
    pub top: Vec<Candidate>,
    /// The target, as [`crate::Target::value`]: of the entry that the model as it is was asked about.
    pub value: f64,
}
