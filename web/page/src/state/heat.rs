//! What backpropagation leaves by layer, as maps of rows and columns.

use headlight_document::{Agreement, AttentionKind, Explanation, LayerAttribution};

use crate::locale::say;

/// A map of signed numbers.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Heat {
    /// How many rows; a row is a layer.
    pub rows: usize,
    /// How many columns.
    pub columns: usize,
    /// Row by row.
    pub values: Vec<f64>,
}

impl Heat {
    /// A number, by row and column.
    #[must_use]
    pub fn at(&self, row: usize, column: usize) -> Option<f64> {
        if column < self.columns { self.values.get(row * self.columns + column).copied() } else { None }
    }

    /// The same with columns as rows.
    #[must_use]
    pub fn turned(&self) -> Self {
        let column = |column: usize| self.values.iter().skip(column).step_by(self.columns.max(1)).copied();
        Self { rows: self.columns, columns: self.rows, values: (0..self.columns).flat_map(column).collect() }
    }
}

/// How far methods agree, each with each: above the diagonal Spearman’s ρ, below it the share of the greatest three tokens that both have.
/// No number where there is none.
#[must_use]
pub fn agreement(document: &Explanation) -> Heat {
    let count = document.attributions.len();
    let figure = |at: usize| {
        let (row, column) = (at / count, at % count);
        let is_pair = |found: &&Agreement| found.pair == [row, column] || found.pair == [column, row];
        let found = document.agreement.iter().find(is_pair);
        found.and_then(|pair| if row < column { pair.spearman } else { pair.top_3 }).unwrap_or(f64::NAN)
    };
    Heat { rows: count, columns: count, values: (0..count * count).map(figure).collect() }
}

/// Layers × tokens, at what each layer gives on.
#[must_use]
pub fn outputs(layers: &LayerAttribution) -> Heat {
    let values = layers.outputs.iter().map(|&value| f64::from(value)).collect();
    Heat { rows: layers.layers, columns: layers.tokens, values }
}

/// Layers × heads, at each head's output, summed over the tokens.
#[must_use]
pub fn heads(layers: &LayerAttribution) -> Heat {
    let sum = |tokens: &[f32]| tokens.iter().map(|&value| f64::from(value)).sum();
    let values = layers.z.chunks_exact(layers.tokens.max(1)).map(sum).collect();
    Heat { rows: layers.layers, columns: layers.heads, values }
}

/// What a stack of blocks reads.
#[must_use]
pub fn title(kind: AttentionKind) -> &'static str {
    match kind {
        AttentionKind::Encoder => say("heat.encoder"),
        AttentionKind::SelfAttention => say("heat.decoder"),
        AttentionKind::Cross => say("heat.cross"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn methods_agree_above_the_diagonal_by_rank_and_below_it_by_their_greatest() {
        let mut document: Explanation = serde_json::from_str(include_str!("../../assets/sample.json")).unwrap();
        document.attributions.truncate(1);
        document.agreement.clear();
        document.attributions.push(document.attributions[0].clone());
        assert!(agreement(&document).values.iter().all(|value| value.is_nan()));
        document.agreement.push(Agreement { pair: [1, 0], spearman: Some(-0.5), top_3: Some(1.0) });
        let found = agreement(&document);
        assert_eq!((found.at(0, 1), found.at(1, 0)), (Some(-0.5), Some(1.0)));
        assert!(found.at(0, 0).is_some_and(f64::is_nan));
        document.attributions.clear();
        assert_eq!(agreement(&document), Heat::default());
    }

    #[test]
    fn heads_are_summed_over_tokens() {
        let layers = LayerAttribution {
            kind: AttentionKind::Encoder,
            layers: 2,
            heads: 2,
            tokens: 3,
            outputs: vec![1.0, 2.0, 3.0, 4.0, 5.0, 6.0],
            z: vec![1.0, 1.0, 1.0, -1.0, 0.0, 0.0, 0.0, 0.0, 2.0, 0.5, 0.5, 0.0],
        };
        assert_eq!(heads(&layers), Heat { rows: 2, columns: 2, values: vec![3.0, -1.0, 2.0, 1.0] });
        let outputs = outputs(&layers);
        assert_eq!((outputs.at(1, 0), outputs.at(0, 3), outputs.at(2, 0)), (Some(4.0), None, None));
        assert_eq!(outputs.turned(), Heat { rows: 3, columns: 2, values: vec![1.0, 4.0, 2.0, 5.0, 3.0, 6.0] });
        assert_eq!(outputs.turned().turned(), outputs);
    }
}
