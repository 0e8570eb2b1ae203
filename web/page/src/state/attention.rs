//! Figures of attention maps, as the literature defines them (Clark et al. 2019; Vig & Belinkov 2019).

use headlight_document::{Attention, AttentionKind, AttentionSummary, Explanation};

use crate::locale::fill;

/// Figures of every head, flat as `[layers, heads]`.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Figures {
    /// How many layers.
    pub layers: usize,
    /// How many heads a layer.
    pub heads: usize,
    /// Mean entropy of a head's rows, −Σ a ln a, in nats, without smoothing.
    pub entropy: Vec<f64>,
    /// Mean distance Σ a·|i−j| / Σ a, in tokens.
    pub distance: Vec<f64>,
}

impl Figures {
    /// The figures of `attention`, where it has them.
    #[must_use]
    pub fn of(attention: &Attention) -> Self {
        let doubles = |values: &[f32]| values.iter().copied().map(f64::from).collect();
        attention.summary.as_ref().map_or_else(Self::default, |summary| Self {
            layers: attention.layers,
            heads: attention.heads,
            entropy: doubles(&summary.entropy),
            distance: doubles(&summary.distance),
        })
    }

    /// The mean of `values` over each layer's heads.
    #[must_use]
    pub fn by_layer(&self, values: &[f64]) -> Vec<f64> {
        if self.heads == 0 {
            return Vec::new();
        }
        values.chunks_exact(self.heads).map(|row| row.iter().sum::<f64>() / row.len() as f64).collect()
    }
}

/// The columns that a row attends to most, largest first.
#[must_use]
pub fn strongest(row: &[f32], count: usize) -> Vec<(usize, f32)> {
    let mut all: Vec<_> = row.iter().copied().enumerate().filter(|&(_, weight)| weight > 0.0).collect();
    all.sort_by(|a, b| b.1.total_cmp(&a.1).then(a.0.cmp(&b.0)));
    all.truncate(count);
    all
}

/// Which of a document's attentions is shown: the chosen kind, else the one between two texts, else the first.
#[must_use]
pub fn chosen(all: &[Attention], kind: Option<AttentionKind>) -> Option<&Attention> {
    let find = |kind: AttentionKind| all.iter().find(|attention| attention.kind == kind);
    kind.and_then(find).or_else(|| find(AttentionKind::Cross)).or_else(|| all.first())
}

/// Which key and value head a query head reads, and who else does, where a model has fewer of them than queries
/// (grouped-query attention: head h of H reads key head ⌊h·K/H⌋ of K). None where every head has its own.
#[must_use]
pub fn shared_keys(heads: usize, key_heads: usize, head: usize) -> Option<String> {
    if key_heads == 0 || key_heads >= heads || !heads.is_multiple_of(key_heads) || head >= heads {
        return None;
    }
    let group = heads / key_heads;
    let key = head / group;
    let others: Vec<String> =
        (key * group..(key + 1) * group).filter(|&other| other != head).map(|o| o.to_string()).collect();
    let others = match others.split_last() {
        Some((last, [])) => fill("attention.shared.one", &[&last]),
        Some((last, rest)) => fill("attention.shared.more", &[&rest.join(", "), &last]),
        None => return None,
    };
    Some(fill("attention.shared", &[&head, &key, &key_heads, &others]))
}

/// The head that aligns two texts best, with its figure from 0 to 1; none where there is nothing to align.
#[must_use]
pub fn aligning_head(attention: &Attention) -> Option<((usize, usize), f64)> {
    greatest(attention, |summary| &summary.alignment)
}

/// The head worth opening first: between two texts the one that aligns them best, else the one whose last token looks hardest
/// at one token other than the first and itself, which most heads fall back to.
#[must_use]
pub fn suggested_head(attention: &Attention) -> Option<(usize, usize)> {
    let telling = || greatest(attention, |summary| &summary.peak);
    let found = match attention.kind {
        AttentionKind::Cross => aligning_head(attention).or_else(telling),
        _ => telling(),
    };
    found.map(|(head, _)| head)
}

/// The first head for which a figure is greatest.
fn greatest(attention: &Attention, figure: impl Fn(&AttentionSummary) -> &Vec<f32>) -> Option<((usize, usize), f64)> {
    let values = figure(attention.summary.as_ref()?);
    let best = (0..values.len()).rev().max_by(|a, b| values[*a].total_cmp(&values[*b]))?;
    let heads = attention.heads.max(1);
    Some(((best / heads, best % heads), f64::from(values[best])))
}

/// The texts on both axes of a map, rows first. A decoder reads what it wrote one step before: its own rows begin with
/// what starts every text, while the rows between two texts are named by what is written there.
#[must_use]
pub fn axes(document: &Explanation, attention: &Attention) -> (Vec<String>, Vec<String>) {
    let input = || document.input.tokens.iter().map(|token| token.text.clone());
    let written = || document.output.tokens.iter().map(|token| token.text.clone());
    let fit = |texts: &mut dyn Iterator<Item = String>, count: usize| -> Vec<String> {
        texts.chain(std::iter::repeat(String::new())).take(count).collect()
    };
    let rows = match attention.kind {
        AttentionKind::Cross => fit(&mut written(), attention.rows),
        AttentionKind::SelfAttention if !document.output.tokens.is_empty() => {
            fit(&mut std::iter::once("▷".to_owned()).chain(written()), attention.rows)
        }
        _ => fit(&mut input(), attention.rows),
    };
    let columns = match attention.kind {
        AttentionKind::SelfAttention => rows.clone(),
        _ => fit(&mut input(), attention.columns),
    };
    (rows, columns)
}

/// Whether the tokens on one side of maps, of the queries or else of the keys, are those of the text: a translator's decoder
/// looks with what it wrote.
#[must_use]
pub fn is_of_text(document: &Explanation, kind: AttentionKind, queries: bool) -> bool {
    match kind {
        AttentionKind::Encoder => true,
        AttentionKind::SelfAttention => document.output.tokens.is_empty(),
        AttentionKind::Cross => !queries,
    }
}

/// Whether a cell can't be attended to, and so is drawn as blank: what lies after the query of a decoder.
#[must_use]
pub fn is_blank(kind: AttentionKind, row: usize, column: usize) -> bool {
    kind == AttentionKind::SelfAttention && column > row
}

#[cfg(test)]
mod tests {
    use super::*;

    fn attention(kind: AttentionKind, peak: &[f32], alignment: &[f32]) -> Attention {
        let summary = AttentionSummary {
            entropy: vec![0.0, 1.0, 2.0, 4.0],
            distance: vec![1.0; 4],
            peak: peak.to_vec(),
            alignment: alignment.to_vec(),
            received: vec![],
        };
        let summary = Some(summary);
        Attention { kind, layers: 2, heads: 2, rows: 2, columns: 2, values: None, overview: None, summary }
    }

    #[test]
    fn figures_are_read_and_averaged_over_layers() {
        let figures = Figures::of(&attention(AttentionKind::Encoder, &[], &[]));
        assert_eq!(figures.by_layer(&figures.entropy), [0.5, 3.0]);
        let bare = Attention { summary: None, ..attention(AttentionKind::Encoder, &[], &[]) };
        assert_eq!(Figures::of(&bare), Figures::default());
    }

    #[test]
    fn the_head_worth_opening_looks_hard_or_aligns() {
        let peaks = [0.1, 0.2, 0.7, 0.7];
        let head = |kind, alignment: &[f32]| suggested_head(&attention(kind, &peaks, alignment));
        assert_eq!(head(AttentionKind::SelfAttention, &[]), Some((1, 0)));
        assert_eq!(head(AttentionKind::Cross, &[0.3, 0.9, 0.1, 0.2]), Some((0, 1)));
        assert_eq!(head(AttentionKind::Cross, &[]), Some((1, 0)));
        assert_eq!(suggested_head(&attention(AttentionKind::Encoder, &[], &[])), None);
        let all = [attention(AttentionKind::Encoder, &[], &[]), attention(AttentionKind::Cross, &[], &[])];
        assert_eq!(chosen(&all, None).map(|one| one.kind), Some(AttentionKind::Cross));
        assert_eq!(chosen(&all, Some(AttentionKind::Encoder)).map(|one| one.kind), Some(AttentionKind::Encoder));
        assert_eq!(chosen(&all[..1], Some(AttentionKind::Cross)).map(|one| one.kind), Some(AttentionKind::Encoder));
        assert_eq!(chosen(&[], None), None);
    }

    #[test]
    fn query_heads_name_the_key_head_that_they_share() {
        let named = |heads, keys, head| shared_keys(heads, keys, head).unwrap();
        assert_eq!(named(9, 3, 4), "Query head 4 reads key and value head 1 of 3, which it shares with heads 3 and 5.");
        assert!(named(9, 3, 8).contains("head 2 of 3, which it shares with heads 6 and 7."));
        assert!(named(4, 2, 0).contains("head 0 of 2, which it shares with head 1."));
        assert!(named(8, 1, 0).ends_with("head 0 of 1, which it shares with heads 1, 2, 3, 4, 5, 6 and 7."));
        for (heads, keys, head) in [(12, 12, 3), (9, 3, 9), (9, 0, 1), (9, 2, 1), (1, 1, 0)] {
            assert_eq!(shared_keys(heads, keys, head), None);
        }
    }

    #[test]
    fn the_strongest_columns_come_first_and_zeros_not_at_all() {
        assert_eq!(strongest(&[0.1, 0.6, 0.0, 0.3], 2), [(1, 0.6), (3, 0.3)]);
        assert_eq!(strongest(&[0.0, 0.0], 3), []);
        assert!(is_blank(AttentionKind::SelfAttention, 1, 2));
        assert!(!is_blank(AttentionKind::Encoder, 1, 2));
    }
}
