//! Owen values: Shapley values that respect a hierarchy of the text's units, in few evaluations.

use super::hierarchy::Merges;
use crate::ExplainError;
use crate::case::Doubling;
use crate::game::Game;

/// Evaluations, where nobody says otherwise (SHAP's default for texts).
pub const EVALUATIONS: usize = 500;

/// Evaluations that are asked for together (SHAP's `PartitionExplainer`).
pub const BATCH: usize = 10;

/// Owen values, and what they cost.
#[derive(Clone, Debug, PartialEq)]
pub struct Owen {
    /// One number for each unit, in units of the target. They sum to v(all) − v(∅).
    pub values: Vec<f64>,
    /// v(∅).
    pub base_value: f64,
    /// v(all).
    pub target_value: f64,
    /// Evaluations that were asked for.
    pub used: usize,
}

/// A group that is yet to be shared out.
struct Open {
    group: usize,
    context: Vec<bool>,
    without: f64,
    with: f64,
    weight: f64,
}

impl Open {
    fn matters(&self) -> f64 {
        (self.with - self.without).abs() * self.weight
    }
}

/// Owen values over the tree `merges` (Owen 1977; SHAP's `PartitionExplainer`), in at most `evaluations`: groups whose
/// presence matters most are opened first, and what is left on a group when the budget is spent is shared out among its
/// units by their number.
///
/// # Errors
/// [`ExplainError`] where a run fails or was cancelled.
pub async fn partition_shap(
    game: &mut Game<'_>,
    merges: &Merges,
    evaluations: usize,
    batch: usize,
) -> Result<Owen, ExplainError> {
    let units = game.units();
    let [base_value, target_value] = game.ends().await?;
    let mut values = vec![0.0; units + merges.len()];
    let members = members(units, merges);
    let mut used = 2;
    let mut queue = Vec::new();
    if units > 0 {
        queue.push(Open {
            group: units + merges.len() - 1,
            context: vec![false; units],
            without: base_value,
            with: target_value,
            weight: 1.0,
        });
    }
    let with = |context: &[bool], group: usize| -> Vec<bool> {
        let mut mask = context.to_vec();
        for unit in members.get(group).into_iter().flatten() {
            mask[*unit] = true;
        }
        mask
    };
    let budget = evaluations.saturating_sub(2);
    let (mut asked, mut doubling) = (0, Doubling::from(budget.div_ceil(16)));
    while !queue.is_empty() && asked < budget {
        let mut some = Vec::new();
        let mut masks: Vec<Vec<bool>> = Vec::new();
        while masks.len() < batch && asked + masks.len() < budget {
            let best = queue.iter().enumerate().max_by(|(_, a), (_, b)| a.matters().total_cmp(&b.matters()));
            let Some((best, _)) = best else { break };
            let open = queue.swap_remove(best);
            match open.group.checked_sub(units).and_then(|merge| merges.get(merge)) {
                None => values[open.group] += open.weight * (open.with - open.without),
                Some([left, right]) => {
                    masks.extend([with(&open.context, *left), with(&open.context, *right)]);
                    some.push((open, *left, *right));
                }
            }
        }
        asked += masks.len();
        used += masks.len();
        let found = game.values(&masks).await?;
        for (((open, left, right), masks), found) in
            some.into_iter().zip(masks.chunks_exact(2)).zip(found.chunks_exact(2))
        {
            let ([with_left, with_right], [left_worth, right_worth]) = (masks, found) else { continue };
            let Open { context, without, with, weight, .. } = open;
            let weight = 0.5 * weight;
            let open = |group, context: &Vec<bool>, without, with| Open {
                group,
                context: context.clone(),
                without,
                with,
                weight,
            };
            queue.extend([
                open(left, &context, without, *left_worth),
                open(right, &context, without, *right_worth),
                open(left, with_right, *right_worth, with),
                open(right, with_left, *left_worth, with),
            ]);
        }
        if doubling.is_at(asked) {
            game.estimate(asked, budget, || Some(shared_out(values.clone(), &queue, merges, &members)));
        }
    }
    let values = shared_out(values, &queue, merges, &members);
    Ok(Owen { values, base_value, target_value, used })
}

/// What units are worth when no further group is opened: what is on a group goes to its units by their number.
fn shared_out(mut values: Vec<f64>, queue: &[Open], merges: &Merges, members: &[Vec<usize>]) -> Vec<f64> {
    let units = values.len() - merges.len();
    for open in queue {
        values[open.group] += open.weight * (open.with - open.without);
    }
    // From the whole text down, each group's share goes to its two parts.
    for (at, [left, right]) in merges.iter().enumerate().rev() {
        let share = values[units + at];
        let size = |group: usize| members.get(group).map_or(0, Vec::len) as f64;
        let all = size(*left) + size(*right);
        values[*left] += share * size(*left) / all;
        values[*right] += share * size(*right) / all;
    }
    values.truncate(units);
    values
}

/// The units of each group.
fn members(units: usize, merges: &Merges) -> Vec<Vec<usize>> {
    let mut members: Vec<Vec<usize>> = (0..units).map(|unit| vec![unit]).collect();
    for [left, right] in merges {
        let of = |group: &usize| members.get(*group).cloned().unwrap_or_default();
        let joined = [of(left), of(right)].concat();
        members.push(joined);
    }
    members
}

#[cfg(test)]
mod tests {
    use super::super::hierarchy::balanced;
    use super::*;

    #[test]
    fn the_last_group_is_the_whole_text() {
        let mut whole = members(9, &balanced(9)).pop().unwrap();
        whole.sort_unstable();
        assert_eq!(whole, (0..9).collect::<Vec<_>>());
    }
}
