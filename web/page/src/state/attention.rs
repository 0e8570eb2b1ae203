//! Figures of attention maps, as the literature defines them (Clark et al. 2019; Vig & Belinkov 2019).

use headlight_document::{Attention, AttentionKind, Explanation};

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
    /// The figures of `attention`: its own summary where it has no values.
    #[must_use]
    pub fn of(attention: &Attention) -> Self {
        let count = attention.layers * attention.heads;
        let mut figures = Self {
            layers: attention.layers,
            heads: attention.heads,
            entropy: Vec::with_capacity(count),
            distance: Vec::with_capacity(count),
        };
        if attention.values.is_none()
            && let Some(summary) = &attention.summary
        {
            figures.entropy.extend(summary.entropy.iter().map(|&value| f64::from(value)));
            figures.distance.extend(summary.distance.iter().map(|&value| f64::from(value)));
            return figures;
        }
        for layer in 0..attention.layers {
            for head in 0..attention.heads {
                let Some(map) = attention.head(layer, head) else { return Self::default() };
                figures.entropy.push(entropy(map, attention.columns));
                figures.distance.push(distance(map, attention.columns));
            }
        }
        figures
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

/// Mean entropy of a map's rows, in nats; zero weights add nothing.
#[must_use]
pub fn entropy(map: &[f32], columns: usize) -> f64 {
    if columns == 0 || map.is_empty() {
        return 0.0;
    }
    let sum: f64 = map.iter().map(|&a| f64::from(a)).filter(|&a| a > 0.0).map(|a| -a * a.ln()).sum();
    sum / (map.len() / columns).max(1) as f64
}

/// Mean distance of query and key, weighted by attention, in tokens.
#[must_use]
pub fn distance(map: &[f32], columns: usize) -> f64 {
    if columns == 0 {
        return 0.0;
    }
    let (mut weighted, mut whole) = (0.0, 0.0);
    for (row, weights) in map.chunks_exact(columns).enumerate() {
        for (column, &weight) in weights.iter().enumerate() {
            weighted += f64::from(weight) * row.abs_diff(column) as f64;
            whole += f64::from(weight);
        }
    }
    if whole > 0.0 { weighted / whole } else { 0.0 }
}

/// The columns that a row attends to most, largest first.
#[must_use]
pub fn strongest(row: &[f32], count: usize) -> Vec<(usize, f32)> {
    let mut all: Vec<_> = row.iter().copied().enumerate().filter(|&(_, weight)| weight > 0.0).collect();
    all.sort_by(|a, b| b.1.total_cmp(&a.1).then(a.0.cmp(&b.0)));
    all.truncate(count);
    all
}

/// The head worth opening first: the one whose last token looks hardest at one token other than the first and itself,
/// which most heads fall back to.
#[must_use]
pub fn telling_head(attention: &Attention) -> Option<(usize, usize)> {
    let mut best = None;
    for layer in 0..attention.layers {
        for head in 0..attention.heads {
            let row = attention.head(layer, head)?.chunks_exact(attention.columns.max(1)).next_back()?;
            let middle = row.get(1..row.len().saturating_sub(1)).unwrap_or_default();
            let most = middle.iter().copied().fold(0.0, f32::max);
            if best.is_none_or(|(weight, _)| most > weight) {
                best = Some((most, (layer, head)));
            }
        }
    }
    best.map(|(_, head)| head)
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
        Some((last, [])) => format!("head {last}"),
        Some((last, rest)) => format!("heads {} and {last}", rest.join(", ")),
        None => return None,
    };
    Some(format!("Query head {head} reads key and value head {key} of {key_heads}, which it shares with {others}."))
}

/// How well a head aligns two texts, from 0 to 1: the sum over `columns` of the largest weight of each among `rows`, over
/// the smaller number of both. A head that looks at one word after another, and hard, comes close to one; one that
/// spreads its weight, or always looks at the same place, comes close to zero.
#[must_use]
pub fn alignment(map: &[f32], width: usize, rows: &[usize], columns: &[usize]) -> f64 {
    let weight = |row: usize, column: usize| map.get(row * width + column).copied().unwrap_or(0.0);
    let most = |column: usize| rows.iter().map(|&row| weight(row, column)).fold(0.0, f32::max);
    let sum: f64 = columns.iter().map(|&column| f64::from(most(column))).sum();
    let smaller = rows.len().min(columns.len());
    if smaller == 0 { 0.0 } else { sum / smaller as f64 }
}

/// The head that aligns best, with its figure. Tokens that stand for no text are left out on both sides: heads that look
/// one word back rest on the end of the text, which would count for them.
#[must_use]
pub fn aligning_head(document: &Explanation, attention: &Attention) -> Option<((usize, usize), f64)> {
    let written = document.output.tokens.iter().map(|token| token.special);
    let read = document.input.tokens.iter().map(|token| token.special);
    let kept = |special: &mut dyn Iterator<Item = bool>, count: usize| -> Vec<usize> {
        special.take(count).enumerate().filter(|(_, special)| !special).map(|(at, _)| at).collect()
    };
    let (rows, columns) = (kept(&mut { written }, attention.rows), kept(&mut { read }, attention.columns));
    // Less than two rows tell no head from another.
    if rows.len() < 2 {
        return None;
    }
    let heads = (0..attention.layers).flat_map(|layer| (0..attention.heads).map(move |head| (layer, head)));
    heads
        .filter_map(|(layer, head)| {
            let map = attention.head(layer, head)?;
            Some(((layer, head), alignment(map, attention.columns, &rows, &columns)))
        })
        .max_by(|a, b| a.1.total_cmp(&b.1))
}

/// The head worth opening first.
#[must_use]
pub fn suggested_head(document: &Explanation, attention: &Attention) -> Option<(usize, usize)> {
    match attention.kind {
        AttentionKind::Cross => aligning_head(document, attention).map(|(head, _)| head),
        _ => telling_head(attention),
    }
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

/// Whether a cell can't be attended to, and so is drawn as blank: what lies after the query of a decoder.
#[must_use]
pub fn is_blank(kind: AttentionKind, row: usize, column: usize) -> bool {
    kind == AttentionKind::SelfAttention && column > row
}

#[cfg(test)]
mod tests {
    use super::*;

    fn close(a: f64, b: f64) -> bool {
        (a - b).abs() < 1e-6
    }

    #[test]
    fn entropy_is_zero_for_one_column_and_ln_n_for_all() {
        assert!(close(entropy(&[1.0, 0.0, 0.0, 1.0], 2), 0.0));
        assert!(close(entropy(&[0.25; 16], 4), 4f64.ln()));
        // The mean over rows, not the sum.
        assert!(close(entropy(&[1.0, 0.0, 0.5, 0.5], 2), 2f64.ln() / 2.0));
        assert!(close(entropy(&[], 0), 0.0));
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
    fn distance_counts_tokens() {
        assert!(close(distance(&[1.0, 0.0, 0.0, 1.0], 2), 0.0));
        // Every row looks at the token before it.
        assert!(close(distance(&[0.0, 0.0, 0.0, 1.0, 0.0, 0.0, 0.0, 1.0, 0.0], 3), 1.0));
        assert!(close(distance(&[1.0, 0.0, 0.0, 1.0, 0.0, 0.0, 1.0, 0.0, 0.0], 3), 1.0));
    }

    #[test]
    fn figures_cover_every_head_and_average_over_layers() {
        let attention = Attention {
            kind: AttentionKind::SelfAttention,
            layers: 2,
            heads: 2,
            rows: 2,
            columns: 2,
            values: Some(vec![1., 0., 1., 0., 1., 0., 0.5, 0.5, 1., 0., 0., 1., 1., 0., 0., 1.]),
            summary: None,
        };
        let figures = Figures::of(&attention);
        assert_eq!(figures.entropy.len(), 4);
        let means = figures.by_layer(&figures.distance);
        assert!(close(means[0], 0.375), "{means:?}");
        assert!(close(means[1], 0.0));
        let entropies = figures.by_layer(&figures.entropy);
        assert!(close(entropies[0], 2f64.ln() / 4.0));
    }

    #[test]
    fn a_map_that_is_too_short_gives_no_figures() {
        let attention = Attention {
            kind: AttentionKind::Encoder,
            layers: 2,
            heads: 2,
            rows: 2,
            columns: 2,
            values: Some(vec![0.5; 5]),
            summary: None,
        };
        assert_eq!(Figures::of(&attention), Figures::default());
    }

    #[test]
    fn the_telling_head_looks_at_something_in_the_middle() {
        let sink = [1., 0., 0., 1., 0., 0., 1., 0., 0.];
        let own = [1., 0., 0., 0., 1., 0., 0.2, 0.1, 0.7];
        let telling = [1., 0., 0., 0., 1., 0., 0.2, 0.5, 0.3];
        let attention = Attention {
            kind: AttentionKind::SelfAttention,
            layers: 1,
            heads: 3,
            rows: 3,
            columns: 3,
            values: Some([sink, own, telling].concat()),
            summary: None,
        };
        assert_eq!(telling_head(&attention), Some((0, 2)));
        assert_eq!(telling_head(&Attention { values: None, ..attention }), None);
    }

    #[test]
    fn the_aligning_head_looks_at_one_word_after_another() {
        let stuck = [0., 0., 1., 0., 0., 1.];
        let spread = [0.4, 0.3, 0.3, 0.3, 0.4, 0.3];
        let aligned = [0.1, 0.8, 0.1, 0.9, 0.1, 0.0];
        let attention = Attention {
            kind: AttentionKind::Cross,
            layers: 1,
            heads: 3,
            rows: 2,
            columns: 3,
            values: Some([stuck, spread, aligned].concat()),
            summary: None,
        };
        assert!(close(alignment(&stuck, 3, &[0, 1], &[0, 1, 2]), 0.5));
        assert!(close(alignment(&aligned, 3, &[0, 1], &[0, 1, 2]), 0.9));
        assert!(close(alignment(&[1., 0., 0., 1.], 2, &[0, 1], &[0, 1]), 1.0));
        assert!(close(alignment(&[], 0, &[], &[]), 0.0) && close(alignment(&[], 3, &[7], &[9]), 0.0));
        let own = Attention { kind: AttentionKind::Encoder, ..attention.clone() };
        let all = [own, attention];
        assert_eq!(chosen(&all, None).unwrap().kind, AttentionKind::Cross);
        assert_eq!(chosen(&all, Some(AttentionKind::Encoder)).unwrap().kind, AttentionKind::Encoder);
        assert_eq!(chosen(&all[..1], Some(AttentionKind::Cross)).unwrap().kind, AttentionKind::Encoder);
        assert_eq!(chosen(&[], None), None);
    }

    /// Marian's "tiny" models align words with head 0 of their second decoder layer, for which they were trained.
    #[test]
    fn the_head_that_marian_was_trained_to_align_with_is_found() {
        let golden = concat!(env!("CARGO_MANIFEST_DIR"), "/../../tests/golden/");
        let mut texts = 0;
        for folder in ["marian-enpt", "marian-pten"] {
            for file in std::fs::read_dir(format!("{golden}{folder}")).unwrap() {
                let stored = std::fs::read_to_string(file.unwrap().path()).unwrap();
                let stored: serde_json::Value = serde_json::from_str(&stored).unwrap();
                let cross = &stored["attention"]["cross"];
                if cross.is_null() {
                    continue;
                }
                let count = |name: &str| cross[name].as_u64().unwrap() as usize;
                let values = cross["values"].as_array().unwrap().iter().map(|value| value.as_f64().unwrap() as f32);
                let (rows, columns) = (count("rows"), count("columns"));
                // Both texts end in `</s>`.
                let (written, read): (Vec<_>, Vec<_>) = ((0..rows - 1).collect(), (0..columns - 1).collect());
                let values: Vec<f32> = values.collect();
                let figures: Vec<f64> =
                    values.chunks_exact(rows * columns).map(|map| alignment(map, columns, &written, &read)).collect();
                let best = (0..figures.len()).max_by(|a, b| figures[*a].total_cmp(&figures[*b])).unwrap();
                assert_eq!((best / count("heads"), best % count("heads")), (1, 0), "{}", stored["text"]);
                texts += 1;
            }
        }
        assert_eq!(texts, 12);
    }

    #[test]
    fn the_strongest_columns_come_first_and_zeros_not_at_all() {
        assert_eq!(strongest(&[0.1, 0.6, 0.0, 0.3], 2), [(1, 0.6), (3, 0.3)]);
        assert_eq!(strongest(&[0.0, 0.0], 3), []);
        assert!(is_blank(AttentionKind::SelfAttention, 1, 2));
        assert!(!is_blank(AttentionKind::Encoder, 1, 2));
    }
}
