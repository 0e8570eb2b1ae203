//! What each head looks at, and how much it matters for the target.

use burn::tensor::{Tensor, Transaction};
use headlight_models::{Capture, Point, Side};

use super::heads::Attends;
use super::marks::{Kind, Marks, Sides};
use crate::ExplainError;
use crate::case::{Case, lost, tensor, values};

/// A head is called after a place (the token before, say) where more than this share of its attention goes there (Clark et
/// al. 2019).
pub const POSITION: f64 = 0.5;
/// It is called after special tokens where more than this share goes to them (the same).
pub const SPECIAL: f64 = 0.6;
/// It is called broad where its entropy is above this, in nats (the same).
pub const BROAD: f64 = 3.8;

/// The tokens of a case, the encoder's first where there is one.
#[derive(Clone, Copy, Debug)]
pub struct Tokens<'a> {
    /// Their ids.
    pub ids: &'a [u32],
    /// Which of them are special.
    pub special: &'a [bool],
}

/// One head on one text. A share is the mean, over the queries that have such a key, of the attention that they give it; none
/// where no query has one.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct HeadProfile {
    /// The mean over the queries of −Σ a ln a, in nats, without smoothing.
    pub entropy: f64,
    /// Σα·(i−j) / Σα over all queries i and keys j, in tokens (Vig & Belinkov 2019); of |i−j| where a query sees both ways.
    /// None for attention to an encoder.
    pub distance: Option<f64>,
    /// The share on each kind of key, in the order of [`Kind::ALL`].
    pub shares: [Option<f64>; Kind::ALL.len()],
    /// |Σ z·∂f/∂z| over all tokens, in units of the target: what a head's mask would change of it, to first order.
    pub gradient: f64,
    /// The same over its L2 norm in the layer (Michel et al. 2019, of one text): from 0 to 1.
    pub importance: f64,
}

/// What a head may be called.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum HeadLabel {
    /// More than [`POSITION`] of its attention goes to keys of this kind, or more than [`SPECIAL`] to special tokens.
    Looks(Kind),
    /// Its entropy is above [`BROAD`].
    Broad,
}

impl HeadProfile {
    /// The share on keys of one kind.
    #[must_use]
    pub fn share(&self, kind: Kind) -> Option<f64> {
        self.shares.get(kind as usize).copied().flatten()
    }

    /// What it is called on this text. Induction is better said of repeated random tokens ([`induction`](super::induction)),
    /// for a text has few chances for it.
    #[must_use]
    pub fn labels(&self) -> Vec<HeadLabel> {
        let threshold = |kind| if kind == Kind::Special { SPECIAL } else { POSITION };
        let looks =
            Kind::ALL.into_iter().filter(|kind| self.share(*kind).is_some_and(|share| share > threshold(*kind)));
        looks.map(HeadLabel::Looks).chain((self.entropy > BROAD).then_some(HeadLabel::Broad)).collect()
    }
}

/// The profiles of heads that attend alike.
#[derive(Clone, Debug, PartialEq)]
pub struct Profile {
    /// Which heads.
    pub attends: Attends,
    /// `[layer · head]`.
    pub heads: Vec<HeadProfile>,
}

/// The profile of every head on the case's text, for the case's target: one run forward and back.
///
/// # Errors
/// [`ExplainError::OtherTokens`] where there are not as many ids and marks as the case has tokens; others where a run fails or
/// was cancelled.
pub async fn profile(case: &Case<'_>, tokens: Tokens<'_>) -> Result<Vec<Profile>, ExplainError> {
    for given in [tokens.ids.len(), tokens.special.len()] {
        if given != case.tokens() {
            return Err(ExplainError::OtherTokens { given, tokens: case.tokens() });
        }
    }
    let places = [Point::Pattern, Point::CrossPattern, Point::Z, Point::CrossZ];
    let capture = Capture::of(places).with_gradients([Point::Z, Point::CrossZ]);
    let (captures, gradients) = case.inside(capture).await?;
    let mut found = Vec::with_capacity(3);
    for attends in Attends::of(case.model) {
        let marks = Marks::of(&sides(case, tokens, attends));
        let like = &case.input.embeddings;
        let weights: Tensor<3> =
            tensor(marks.values.iter().copied(), [marks.queries, marks.keys, marks.columns()], like);
        let (mut entropies, mut shares, mut products) = (Vec::new(), Vec::new(), Vec::new());
        for layer in 0..attends.layers {
            let (z_hook, pattern_hook) = (attends.z(layer), attends.pattern(layer));
            let pattern = captures.get_by_head(pattern_hook).ok_or_else(lost)?;
            let z = captures.get_by_head(z_hook).ok_or_else(lost)?;
            let gradient = gradients.inside.by_head.get(&z_hook).cloned().ok_or_else(lost)?;
            let [_, heads, queries, keys] = pattern.dims();
            let pattern: Tensor<3> = pattern.narrow(0, 0, 1).reshape([heads, queries, keys]);
            entropies.push(super::summary::entropies(pattern.clone()).reshape([1, heads]));
            // Every query has keys of its own at each kind of place, so queries are the products' batch.
            shares.push(pattern.swap_dims(0, 1).matmul(weights.clone()).sum_dim(0));
            products.push((z * gradient).sum_dim(3).sum_dim(1).reshape([1, heads]));
        }
        if entropies.is_empty() {
            continue;
        }
        let transaction = Transaction::default()
            .register(Tensor::cat(entropies, 0))
            .register(Tensor::cat(shares, 0))
            .register(Tensor::cat(products, 0));
        let [entropies, shares, products] =
            <[Vec<f64>; 3]>::try_from(values(transaction).await?).map_err(|_| lost())?;
        let mut heads: Vec<HeadProfile> = entropies
            .into_iter()
            .zip(shares.chunks_exact(marks.columns()))
            .zip(products)
            .map(|((entropy, columns), product)| {
                let (distance, shares) = marks.read(columns);
                HeadProfile { entropy, distance, shares, gradient: product.abs(), importance: 0.0 }
            })
            .collect();
        heads.chunks_mut(attends.heads.max(1)).for_each(weigh);
        found.push(Profile { attends, heads });
    }
    Ok(found)
}

/// The mean of several texts' profiles, all of one model. A share is the mean of the texts that have one; importance is of the
/// mean gradient.
#[must_use]
pub fn mean(profiles: &[Vec<Profile>]) -> Vec<Profile> {
    let Some((first, others)) = profiles.split_first() else { return Vec::new() };
    let mut found = first.clone();
    for (at, one) in found.iter_mut().enumerate() {
        let same: Vec<&Profile> =
            others.iter().filter_map(|texts| texts.get(at).filter(|other| other.attends == one.attends)).collect();
        for (index, head) in one.heads.iter_mut().enumerate() {
            let all: Vec<HeadProfile> = std::iter::once(head.clone())
                .chain(same.iter().filter_map(|other| other.heads.get(index).cloned()))
                .collect();
            let over = |of: &dyn Fn(&HeadProfile) -> Option<f64>| {
                let there: Vec<f64> = all.iter().filter_map(of).collect();
                (!there.is_empty()).then(|| there.iter().sum::<f64>() / there.len() as f64)
            };
            *head = HeadProfile {
                entropy: over(&|head| Some(head.entropy)).unwrap_or_default(),
                distance: over(&|head| head.distance),
                shares: Kind::ALL.map(|kind| over(&|head| head.share(kind))),
                gradient: over(&|head| Some(head.gradient)).unwrap_or_default(),
                importance: 0.0,
            };
        }
        one.heads.chunks_mut(one.attends.heads.max(1)).for_each(weigh);
    }
    found
}

/// Sets the importance of a layer's heads.
fn weigh(layer: &mut [HeadProfile]) {
    let norm = layer.iter().map(|head| head.gradient.powi(2)).sum::<f64>().sqrt();
    if norm > 0.0 {
        layer.iter_mut().for_each(|head| head.importance = head.gradient / norm);
    }
}

/// Queries and keys of heads that attend alike.
fn sides<'a>(case: &Case<'_>, tokens: Tokens<'a>, attends: Attends) -> Sides<'a> {
    let before = case.input.source.as_ref().map_or(0, |source| source.dims()[1]);
    let (source, own) = tokens.ids.split_at(before.min(tokens.ids.len()));
    let (special_source, special_own) = tokens.special.split_at(before.min(tokens.special.len()));
    let is_causal = attends.side != Side::Encoder && case.model.architecture().causal;
    match (attends.side, attends.is_cross) {
        (Side::Encoder, _) => Sides { queries: source, keys: source, special: special_source, is_causal, is_own: true },
        (_, true) => Sides { queries: own, keys: source, special: special_source, is_causal: false, is_own: false },
        (_, false) => Sides { queries: own, keys: own, special: special_own, is_causal, is_own: true },
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn head(entropy: f64, previous: Option<f64>, gradient: f64) -> HeadProfile {
        let mut shares = [None; Kind::ALL.len()];
        shares[Kind::Previous as usize] = previous;
        shares[Kind::Special as usize] = Some(0.55);
        HeadProfile { entropy, distance: Some(1.0), shares, gradient, importance: 0.0 }
    }

    #[test]
    fn labels_are_by_the_stated_thresholds() {
        assert_eq!(head(3.9, Some(0.51), 0.0).labels(), [HeadLabel::Looks(Kind::Previous), HeadLabel::Broad]);
        assert!(head(3.8, Some(0.5), 0.0).labels().is_empty());
        assert!(head(0.0, None, 0.0).labels().is_empty());
    }

    #[test]
    fn a_mean_is_of_the_texts_that_have_a_share_and_its_importance_of_the_mean_gradient() {
        let attends = Attends { side: Side::Only, is_cross: false, layers: 1, heads: 2 };
        let text = |heads: [HeadProfile; 2]| vec![Profile { attends, heads: heads.to_vec() }];
        let one = text([head(1.0, Some(0.2), 2.0), head(1.0, None, 0.0)]);
        let two = text([head(2.0, None, 4.0), head(3.0, None, 8.0)]);
        let mean = &mean(&[one, two])[0].heads;
        assert_eq!((mean[0].entropy, mean[0].share(Kind::Previous)), (1.5, Some(0.2)));
        assert_eq!(mean[1].share(Kind::Previous), None);
        assert_eq!((mean[0].importance, mean[1].importance), (0.6, 0.8));
    }
}
