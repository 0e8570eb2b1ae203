//! Occlusion: what the target loses when a token is replaced, or taken out.

use burn::tensor::{Int, Tensor};
use headlight_models::Input;

use super::baseline::{replaced, token};
use crate::ExplainError;
use crate::case::{Case, each};

/// f(x) − f(x with the token replaced by the token `by`) for every token of the case, special ones too: signed, in units of
/// the target (Zeiler & Fergus 2014; Captum's `Occlusion` with a window of one token).
///
/// # Errors
/// [`ExplainError`] where a run fails or was cancelled.
pub async fn occlusion(case: &Case<'_>, by: u32) -> Result<Vec<f64>, ExplainError> {
    let instead = token(case, by);
    let tokens = case.tokens();
    // The text as it is comes first.
    let mask = |gone: usize| -> Vec<bool> { (0..tokens).map(|token| token + 1 != gone).collect() };
    let mut values = Vec::with_capacity(tokens + 1);
    for (range, part) in case.batches(tokens + 1, 1) {
        let masks: Vec<Vec<bool>> = range.map(mask).collect();
        values.extend(case.values(replaced(case.input, &instead, &masks), &part).await?);
    }
    let full = values.first().copied().unwrap_or(f64::NAN);
    Ok(values.into_iter().skip(1).map(|value| full - value).collect())
}

/// f(x) − f(x with the token taken out, the others closing up) for every token of the case: leave-one-out. None where the
/// target cannot be read without the token, or nothing would be left to read.
///
/// # Errors
/// [`ExplainError`] where a run fails or was cancelled.
pub async fn removal(case: &Case<'_>) -> Result<Vec<Option<f64>>, ExplainError> {
    let before = case.input.source.as_ref().map_or(0, |source| source.dims()[1]);
    let own = case.input.embeddings.dims()[1];
    let full = case.values(case.input.clone(), case.pulse).await?.first().copied().unwrap_or(f64::NAN);
    let mut values = vec![None; before + own];
    // Texts that run together have the same types and the same target.
    let mut groups: Vec<(Group, Vec<usize>)> = Vec::new();
    for gone in 0..before + own {
        let Some(group) = Group::without(case, gone, before, own) else { continue };
        match groups.iter_mut().find(|(known, _)| *known == group) {
            Some((_, members)) => members.push(gone),
            None => groups.push((group, vec![gone])),
        }
    }
    let (mut done, total) = (0, groups.iter().map(|(_, members)| members.len()).sum::<usize>());
    for (group, members) in &groups {
        let target = if group.from_source { case.target.clone() } else { group.target(case) };
        for members in members.chunks(case.most.max(1)) {
            let input = Input {
                types: group.types.clone(),
                ..each(case.input, |side, start| {
                    let here = start..start + side.dims()[1];
                    let is_source = case.input.source.is_some() && start == 0;
                    if is_source == group.from_source {
                        without(side, here.start, members)
                    } else {
                        repeated(side, members.len())
                    }
                })
            };
            let pulse = Silenced { pulse: case.pulse, done, total };
            let found = case.values_of(&target, input, &pulse).await?;
            for (member, value) in members.iter().zip(found) {
                if let Some(place) = values.get_mut(*member) {
                    *place = Some(full - value);
                }
            }
            done += members.len();
        }
    }
    Ok(values)
}

/// What texts with one token taken out have in common.
#[derive(PartialEq)]
struct Group {
    /// Whether the token was one of the encoder's text.
    from_source: bool,
    /// Where the first and the last token that the target is read at are then.
    places: Option<(usize, usize)>,
    types: Vec<u32>,
}

impl Group {
    fn without(case: &Case<'_>, gone: usize, before: usize, own: usize) -> Option<Self> {
        if gone < before {
            let types = case.input.types.clone();
            return (before > 1).then_some(Self { from_source: true, places: None, types });
        }
        let gone = gone - before;
        let mut types = case.input.types.clone();
        if gone < types.len() {
            types.remove(gone);
        }
        let moved = |place: usize| match place.cmp(&gone) {
            std::cmp::Ordering::Less => Some(place),
            // What follows a causal model's text is read at whichever token is the last one.
            std::cmp::Ordering::Equal if case.model.architecture().causal && place + 1 == own => place.checked_sub(1),
            std::cmp::Ordering::Equal => None,
            std::cmp::Ordering::Greater => Some(place - 1),
        };
        let places = match case.target.places() {
            Some((first, last)) => Some((moved(first)?, moved(last)?)),
            None => None,
        };
        (own > 1).then_some(Self { from_source: false, places, types })
    }

    fn target(&self, case: &Case<'_>) -> crate::Target {
        match self.places {
            Some((first, last)) => case.target.clone().at(first, last),
            None => case.target.clone(),
        }
    }
}

/// A side once for each of `gone` without that token, whose number counts from `start`.
fn without(side: &Tensor<3>, start: usize, gone: &[usize]) -> Tensor<3> {
    let [_, tokens, width] = side.dims();
    let rows = gone.iter().flat_map(|gone| (0..tokens).filter(move |token| token + start != *gone));
    let rows: Vec<i64> = rows.map(|row| row as i64).collect();
    let rows = Tensor::<1, Int>::from_ints(rows.as_slice(), &side.device());
    side.clone().reshape([tokens, width]).select(0, rows).reshape([gone.len(), tokens.saturating_sub(1), width])
}

/// A side so many times.
fn repeated(side: &Tensor<3>, count: usize) -> Tensor<3> {
    side.clone().repeat_dim(0, count)
}

/// Counts texts instead of blocks.
struct Silenced<'a> {
    pulse: &'a dyn headlight_models::Pulse,
    done: usize,
    total: usize,
}

impl headlight_models::Pulse for Silenced<'_> {
    fn beat(&self, _: headlight_models::pulse::Stage, _: usize, _: usize) -> headlight_models::pulse::Beat<'_> {
        self.pulse.beat(headlight_models::pulse::Stage::Attribute, self.done, self.total)
    }
}
