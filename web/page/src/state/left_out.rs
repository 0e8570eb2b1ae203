//! Tokens that are left out of the pictures of attention: which they are, and what is left of a map.

use headlight_document::{Attention, AttentionKind, Explanation};

/// A token is a sink where it gets more than this share of all attention (Gu et al. 2024, "When attention sink emerges").
const SINK: f32 = 0.3;

/// What is left out of the pictures of attention.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Without {
    /// Tokens that stand for no text.
    pub special: bool,
    /// Tokens that draw attention whatever the text says.
    pub sinks: bool,
}

/// The tokens that are left out, on both sides of a map.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct LeftOut {
    /// Whose rows are blank.
    pub rows: Vec<usize>,
    /// Whose columns are blank, with the rest of each row scaled to sum to one.
    pub columns: Vec<usize>,
}

impl LeftOut {
    /// What `without` leaves out of `attention`.
    #[must_use]
    pub fn of(document: &Explanation, attention: &Attention, without: Without) -> Self {
        let special = |special: &mut dyn Iterator<Item = bool>, count: usize| -> Vec<usize> {
            special.take(count).enumerate().filter(|(_, special)| *special).map(|(at, _)| at).collect()
        };
        let read = |count| special(&mut document.input.tokens.iter().map(|token| token.special), count);
        let written = |count| special(&mut document.output.tokens.iter().map(|token| token.special), count);
        let mut left_out = Self::default();
        if without.special {
            let writes = !document.output.tokens.is_empty();
            left_out = match attention.kind {
                AttentionKind::Cross => Self { rows: written(attention.rows), columns: read(attention.columns) },
                // A decoder of two texts reads what begins every text, then what it wrote.
                AttentionKind::SelfAttention if writes => Self { rows: vec![0], columns: vec![0] },
                _ => Self { rows: read(attention.rows), columns: read(attention.columns) },
            };
        }
        if without.sinks {
            left_out.columns.extend(sinks(attention));
            left_out.columns.sort_unstable();
            left_out.columns.dedup();
        }
        left_out
    }

    /// Whether nothing is left out.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.rows.is_empty() && self.columns.is_empty()
    }
}

/// The tokens that draw attention whatever the text says: the keys that get more than [`SINK`] of it.
#[must_use]
pub fn sinks(attention: &Attention) -> Vec<usize> {
    let received = attention.summary.as_ref().map(|summary| summary.received.as_slice()).unwrap_or_default();
    received.iter().enumerate().filter(|(_, share)| **share > SINK).map(|(at, _)| at).collect()
}

/// Maps without some rows and columns, the rest of each row scaled to sum to one. A row that has nothing left is nought.
#[must_use]
pub fn renormalised(values: &[f32], rows: usize, columns: usize, left_out: &LeftOut) -> Vec<f32> {
    let mut values = values.to_vec();
    for (at, row) in values.chunks_exact_mut(columns.max(1)).enumerate() {
        for &column in &left_out.columns {
            if let Some(weight) = row.get_mut(column) {
                *weight = 0.0;
            }
        }
        let sum: f32 = row.iter().sum();
        let is_out = left_out.rows.contains(&(at % rows.max(1)));
        let scale = if is_out || sum < 1e-12 { 0.0 } else { 1.0 / sum };
        row.iter_mut().for_each(|weight| *weight *= scale);
    }
    values
}

#[cfg(test)]
mod tests {
    use headlight_document::AttentionSummary;

    use super::*;

    #[test]
    fn the_rest_of_a_row_sums_to_one() {
        let rows = LeftOut { rows: vec![1], columns: vec![1] };
        assert_eq!(renormalised(&[0.5, 0.5, 0.25, 0.75], 2, 2, &rows), [1.0, 0.0, 0.0, 0.0]);
        assert_eq!(renormalised(&[0.0, 1.0], 1, 2, &rows), [0.0, 0.0]);
    }

    #[test]
    fn a_sink_gets_more_than_three_tenths() {
        let attention = |summary| Attention {
            kind: AttentionKind::Encoder,
            layers: 2,
            heads: 2,
            rows: 3,
            columns: 3,
            values: None,
            overview: None,
            summary,
        };
        let summary = AttentionSummary { received: vec![0.6, 0.1, 0.3], ..AttentionSummary::default() };
        assert_eq!(sinks(&attention(Some(summary))), [0]);
        assert!(sinks(&attention(None)).is_empty());
    }
}
