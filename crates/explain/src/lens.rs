//! The logit lens: what the model would say if it ended after fewer layers.

use burn::tensor::{Int, Tensor, Transaction, activation};
use headlight_models::{Capture, Head, LabelKind, Point, Problem, Side, run};

use crate::ExplainError;
use crate::case::{Case, lost, read, values};
use crate::target::{Read, Reading, Target};

/// The target as it is read after each number of the model's own layers: from none, where only the embeddings (with positions,
/// where they are added) are there, to all.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Lens {
    /// The target as it is asked for.
    pub values: Vec<f64>,
    /// Its logit, less the foil's where there is one; none for a similarity.
    pub logits: Option<Vec<f64>>,
    /// Its log-probability, less the foil's; none for a similarity and for a regression's number.
    pub log_probs: Option<Vec<f64>>,
    /// How many entries or labels have a greater logit than the target's: 0 where it is first. None where the target is not one
    /// of several.
    pub ranks: Option<Vec<usize>>,
    /// The entry or label with the greatest logit; none where there are no ranks.
    pub best: Option<Vec<u32>>,
}

impl Lens {
    /// The least number of layers after which the target is first and stays so.
    #[must_use]
    pub fn wins(&self) -> Option<usize> {
        let ranks = self.ranks.as_ref()?;
        let first = ranks.iter().rposition(|rank| *rank > 0).map_or(0, |last| last + 1);
        (first < ranks.len()).then_some(first)
    }
}

/// Reads the target from every layer's output: the last norm with the statistics that it finds there (where a family has one),
/// then the model's head, its bias included (nostalgebraist 2020; TransformerLens' `accumulated_resid`). For encoders the head
/// is that of masked words or of labels; what leaves a block has been normalised by it. One run.
///
/// # Errors
/// [`ExplainError`] where the run fails or was cancelled.
pub async fn lens(case: &Case<'_>) -> Result<Lens, ExplainError> {
    let run = run::run(case.model, case.input.clone(), Capture::of([Point::ResidPre]), case.pulse).await?;
    // Where the target is read at one token, that one is enough.
    let place = case.target.places().filter(|(first, last)| first == last).map(|(first, _)| first);
    let tokens = run.hidden.dims()[1];
    if let Some(position) = place.filter(|position| *position >= tokens) {
        return Err(ExplainError::NoSuchPosition { position, tokens });
    }
    let row = |states: Tensor<3>| match place {
        Some(place) => states.narrow(1, place, 1),
        None => states,
    };
    let target = if place.is_some() { case.target.clone().at(0, 0) } else { case.target.clone() };
    let own = run.captures.all_residual(Point::ResidPre).filter(|(hook, _)| hook.side != Side::Encoder);
    let states: Vec<Tensor<3>> = own.map(|(_, state)| row(state)).collect();
    let mut hidden = vec![row(run.hidden)];
    if !states.is_empty() {
        hidden.insert(0, case.model.finish(Tensor::cat(states, 0)));
    }
    let hidden = Tensor::cat(hidden, 0);

    let [found] = read([target.read(case.model, hidden.clone())?.value]).await?;
    if matches!(target, Target::Similarity { .. }) {
        return Ok(Lens { values: found, ..Lens::default() });
    }
    let by_logit = target.clone().read_as(Read::Logit).read(case.model, hidden.clone())?;
    if matches!(case.model.head(), Head::Labels(head) if head.kind == LabelKind::Sequence(Problem::Regression)) {
        return Ok(Lens { logits: Some(found.clone()), values: found, ..Lens::default() });
    }
    let log_probs = match (&target, &by_logit) {
        // In closed form, for the reading of a probability also takes its gradient over the whole vocabulary.
        (Target::Token { .. }, Reading { logits: Some(logits), ids: Some(ids), .. }) => {
            let all = activation::log_softmax(logits.clone(), 1);
            all.gather(1, ids.clone().unsqueeze_dim(1)).squeeze_dim(1)
        }
        (Target::Contrast { target, .. }, _) if matches!(**target, Target::Token { .. }) => by_logit.value.clone(),
        _ => target.read_as(Read::LogProb).read(case.model, hidden)?.value,
    };
    let mut transaction = Transaction::default().register(by_logit.value).register(log_probs);
    if let (Some(logits), Some(ids)) = (by_logit.logits, by_logit.ids) {
        let (rank, best) = standing(logits, ids);
        transaction = transaction.register(rank).register(best);
    }
    let mut read = values(transaction).await?.into_iter();
    let logits = read.next().ok_or_else(lost)?;
    let log_probs = read.next().ok_or_else(lost)?;
    let [ranks, best] = [read.next(), read.next()];
    Ok(Lens {
        values: found,
        logits: Some(logits),
        log_probs: Some(log_probs),
        ranks: ranks.map(|ranks| ranks.into_iter().map(|rank| rank as usize).collect()),
        best: best.map(|best| best.into_iter().map(|id| id as u32).collect()),
    })
}

/// How many of each row of `[row, entry]` are greater than the one in `ids`, and which is the greatest: both `[row]`.
fn standing(logits: Tensor<2>, ids: Tensor<1, Int>) -> (Tensor<1>, Tensor<1>) {
    let [rows, count] = logits.dims();
    let own: Tensor<2> = logits.clone().gather(1, ids.unsqueeze_dim(1));
    let greater = logits.clone().greater(own.expand([rows, count])).float().sum_dim(1).squeeze_dim(1);
    (greater, logits.argmax(1).float().squeeze_dim(1))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_wins_from_where_it_stays_first() {
        let ranked = |ranks: &[usize]| Lens { ranks: Some(ranks.to_vec()), ..Lens::default() }.wins();
        assert_eq!(ranked(&[4, 0, 1, 0, 0]), Some(3));
        assert_eq!(ranked(&[0, 0]), Some(0));
        assert_eq!(ranked(&[0, 1]), None);
        assert_eq!(Lens::default().wins(), None);
    }
}
