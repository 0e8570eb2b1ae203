//! Attention flow (Abnar & Zuidema 2020): how much could flow from the top to each token if attention were the width of pipes.

use std::collections::VecDeque;

use burn::tensor::Transaction;
use headlight_models::{Hook, Point, Pulse, RunError, Side, Stage};

use crate::ExplainError;
use crate::attention::joint::Step;
use crate::attention::{Maps, Square, joint};
use crate::case::{Case, values};

/// Pipes times pairs of tokens that are taken: some seconds' worth.
const MOST_WORK: usize = 1 << 31;

/// Less than this is nothing: what is left of a full pipe after rounding.
const NOTHING: f64 = 1e-12;

/// The greatest flow from (L, i) to (0, j) in the graph with pipes (l, i) → (l−1, j) of width A_l\[i, j\], where A_l = ½·(the
/// mean over heads of layer l's attention) + ½·I. `[row, token]` for the rows that the target is read from.
///
/// # Errors
/// [`ExplainError::TooMuchFlow`] for long texts; others where a run fails or was cancelled.
pub async fn flow_map(case: &Case<'_>) -> Result<Vec<Vec<f64>>, ExplainError> {
    let steps = joint::means(case).await?;
    flows(&steps, case.tokens(), &case.target_rows(), case.pulse).await
}

/// The flow from one query of a stack's own attention, over its sum: one number for each of its tokens, of 0 to 1, which sum to
/// one. As [`flow_map`], whatever a target is read from.
///
/// # Errors
/// As [`flow_map`], and [`ExplainError::NoSuchPosition`]; [`ExplainError::OtherTokens`] where queries and keys are not the same
/// tokens.
pub async fn flow_from(maps: &Maps, row: usize, pulse: &dyn Pulse) -> Result<Vec<f64>, ExplainError> {
    let [_, tokens, keys] = maps.size();
    if tokens != keys {
        return Err(ExplainError::OtherTokens { given: keys, tokens });
    }
    if row >= tokens {
        return Err(ExplainError::NoSuchPosition { position: row, tokens });
    }
    let means = maps.layers().iter().map(|map| map.clone().mean_dim(0));
    let means = values(means.fold(Transaction::default(), Transaction::register)).await?;
    let place = |(layer, mean): (usize, &Vec<f64>)| {
        joint::Joint { before: 0, tokens }.step(Hook { side: Side::Only, layer, point: Point::Pattern }, mean)
    };
    let steps: Vec<Step> = means.iter().enumerate().map(place).collect();
    let mut flow = flows(&steps, tokens, &[row], pulse).await?.pop().unwrap_or_default();
    let sum: f64 = flow.iter().sum();
    flow.iter_mut().for_each(|flow| *flow /= sum.max(NOTHING));
    Ok(flow)
}

/// The greatest flow from each of `rows` to every token.
async fn flows(
    steps: &[Step],
    tokens: usize,
    rows: &[usize],
    pulse: &dyn Pulse,
) -> Result<Vec<Vec<f64>>, ExplainError> {
    let mut network = Network::of(steps, tokens);
    let work = |some: usize| {
        // A quarter as many pipes between half as many tokens.
        let share = (some as f64 / tokens.max(1) as f64).powi(2);
        (network.pipes.len() as f64 * share) as usize * some * rows.len().min(some)
    };
    if work(tokens) > MOST_WORK {
        let most = (1..tokens).rev().find(|tokens| work(*tokens) <= MOST_WORK).unwrap_or(1);
        return Err(ExplainError::TooMuchFlow { tokens, most });
    }
    let total = rows.len() * tokens;
    let mut flows = Vec::with_capacity(rows.len());
    for (index, row) in rows.iter().enumerate() {
        let mut flow = Vec::with_capacity(tokens);
        for token in 0..tokens {
            flow.push(network.greatest(steps.len() * tokens + row, token));
            // Often enough for a cancellation to be heard, and not so often that it costs.
            if network.visited > 1 << 22 {
                network.visited = 0;
                pulse.beat(Stage::Attribute, index * tokens + token, total).await.map_err(RunError::from)?;
            }
        }
        flows.push(flow);
    }
    Ok(flows)
}

/// The mean over the rows of [`flow_map`], each divided by its sum: one number for each token of the case, of 0 to 1, which
/// sum to one.
///
/// # Errors
/// As [`flow_map`].
pub async fn attention_flow(case: &Case<'_>) -> Result<Vec<f64>, ExplainError> {
    let rows = flow_map(case).await?;
    let mut mean = vec![0.0; case.tokens()];
    for row in &rows {
        let sum: f64 = row.iter().sum();
        mean.iter_mut().zip(row).for_each(|(mean, flow)| *mean += flow / sum.max(NOTHING) / rows.len() as f64);
    }
    Ok(mean)
}

/// A directed graph, each pipe beside its way back.
struct Network {
    /// Where pipes lead and how much more they take: at 2k a pipe, at 2k + 1 its way back.
    pipes: Vec<Pipe>,
    /// The width of each at the start.
    widths: Vec<f64>,
    /// The pipes out of each node.
    out: Vec<Vec<usize>>,
    /// Pipes looked at.
    visited: usize,
}

#[derive(Clone, Copy)]
struct Pipe {
    to: usize,
    left: f64,
}

impl Network {
    /// Node l·tokens + i is token i above step l.
    fn of(steps: &[Step], tokens: usize) -> Self {
        let mut network = Self {
            pipes: Vec::new(),
            widths: Vec::new(),
            out: vec![Vec::new(); (steps.len() + 1) * tokens],
            visited: 0,
        };
        for (level, step) in steps.iter().enumerate() {
            let square: Square = step.with_residual();
            for (query, row) in square.rows().enumerate() {
                for (key, width) in row.iter().enumerate().filter(|(_, width)| **width > 0.0) {
                    network.join((level + 1) * tokens + query, level * tokens + key, *width);
                }
            }
        }
        network
    }

    fn join(&mut self, from: usize, to: usize, width: f64) {
        for (from, to, width) in [(from, to, width), (to, from, 0.0)] {
            if let Some(out) = self.out.get_mut(from) {
                out.push(self.pipes.len());
            }
            self.pipes.push(Pipe { to, left: width });
            self.widths.push(width);
        }
    }

    /// The greatest flow between two nodes, by Dinic's algorithm.
    fn greatest(&mut self, from: usize, to: usize) -> f64 {
        for (pipe, width) in self.pipes.iter_mut().zip(&self.widths) {
            pipe.left = *width;
        }
        let mut flow = 0.0;
        // Each round's shortest way is longer than the one's before.
        for _ in 0..self.out.len() {
            let distances = self.distances(from, to);
            if distances.get(to).is_none_or(|distance| *distance == usize::MAX) {
                break;
            }
            let mut next = vec![0; self.out.len()];
            loop {
                let more = self.push(from, to, &distances, &mut next);
                if more <= NOTHING {
                    break;
                }
                flow += more;
            }
        }
        flow
    }

    /// How many pipes away each node is, as far as the one that is looked for.
    fn distances(&mut self, from: usize, to: usize) -> Vec<usize> {
        let mut distances = vec![usize::MAX; self.out.len()];
        let mut queue = VecDeque::from([from]);
        if let Some(start) = distances.get_mut(from) {
            *start = 0;
        }
        while let Some(node) = queue.pop_front() {
            if node == to {
                break;
            }
            let next = distances.get(node).map_or(0, |distance| distance + 1);
            for index in self.out.get(node).into_iter().flatten() {
                self.visited += 1;
                let Some(Pipe { to, left }) = self.pipes.get(*index).copied() else { continue };
                if let Some(distance) =
                    distances.get_mut(to).filter(|distance| left > NOTHING && **distance == usize::MAX)
                {
                    *distance = next;
                    queue.push_back(to);
                }
            }
        }
        distances
    }

    /// Sends as much as one way takes, always a pipe further away from the start; `next` remembers which pipes of a node are
    /// known to lead nowhere.
    fn push(&mut self, from: usize, to: usize, distances: &[usize], next: &mut [usize]) -> f64 {
        let distance = |node: usize| distances.get(node).copied().unwrap_or(usize::MAX);
        let mut way: Vec<usize> = Vec::new();
        let mut node = from;
        while node != to {
            let place = next.get(node).copied().unwrap_or(usize::MAX);
            let Some(index) = self.out.get(node).and_then(|out| out.get(place)).copied() else {
                // Nothing leads on from here: back, and not here again.
                let Some(back) = way.pop() else { return 0.0 };
                node = self.pipes.get(back ^ 1).map_or(from, |pipe| pipe.to);
                if let Some(place) = next.get_mut(node) {
                    *place += 1;
                }
                continue;
            };
            self.visited += 1;
            match self.pipes.get(index) {
                Some(pipe) if pipe.left > NOTHING && distance(pipe.to) == distance(node).saturating_add(1) => {
                    way.push(index);
                    node = pipe.to;
                }
                _ => {
                    if let Some(place) = next.get_mut(node) {
                        *place += 1;
                    }
                }
            }
        }
        let left = |index: &usize| self.pipes.get(*index).map_or(0.0, |pipe| pipe.left);
        let more = way.iter().map(left).fold(f64::INFINITY, f64::min);
        for index in way {
            if let Some(pipe) = self.pipes.get_mut(index) {
                pipe.left -= more;
            }
            if let Some(back) = self.pipes.get_mut(index ^ 1) {
                back.left += more;
            }
        }
        if more.is_finite() { more } else { 0.0 }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn network(nodes: usize, pipes: &[(usize, usize, f64)]) -> Network {
        let mut network = Network { pipes: Vec::new(), widths: Vec::new(), out: vec![Vec::new(); nodes], visited: 0 };
        for (from, to, width) in pipes {
            network.join(*from, *to, *width);
        }
        network
    }

    #[test]
    fn the_greatest_flow_is_the_narrowest_cut() {
        // A way that must be taken back in part to find the greatest flow.
        let mut diamond = network(4, &[(0, 1, 1.0), (0, 2, 1.0), (1, 2, 1.0), (1, 3, 1.0), (2, 3, 1.0)]);
        assert!((diamond.greatest(0, 3) - 2.0).abs() < 1e-12);
        assert!((diamond.greatest(0, 3) - 2.0).abs() < 1e-12, "again, from the start");
        let mut chain = network(3, &[(0, 1, 0.5), (1, 2, 0.25)]);
        assert_eq!((chain.greatest(0, 2), chain.greatest(2, 0)), (0.25, 0.0));
        assert_eq!(chain.greatest(0, 7), 0.0);
    }
}
