//! Activation patching: what the target of one text becomes when one thing of another text's run is put into its own (Vig et
//! al. 2020; Meng et al. 2022; TransformerLens' `patching`).

use headlight_models::{Capture, Captures, Changes, Hook, Input, Point, run};

use crate::ExplainError;
use crate::attention::{Attends, ByHead, ByToken, stacks};
use crate::case::{Case, lost, read, sides, tensor};
use crate::intervention::{by_hook, marked};
use crate::sweep::Sweep;

/// What is taken of a head.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Taken {
    /// Its z, at all tokens: what it would write.
    Z,
    /// Its pattern: where it would look.
    Pattern,
}

/// A case, and what another text has in its run.
#[derive(Debug)]
pub struct Patching<'a> {
    case: &'a Case<'a>,
    there: Captures,
    sweep: Sweep<'a>,
    /// The target for the other text.
    pub other_value: f64,
}

impl<'a> Patching<'a> {
    /// Runs both texts. The other has as many tokens as the case's (on both sides, where the model has an encoder).
    ///
    /// # Errors
    /// [`ExplainError::OtherLength`]; others where a run fails or was cancelled.
    pub async fn new(case: &'a Case<'a>, other: &Input) -> Result<Self, ExplainError> {
        for (own, other) in sides(case.input).zip(sides(other)) {
            let [tokens, given] = [own, other].map(|side| side.dims()[1]);
            if tokens != given {
                return Err(ExplainError::OtherLength { given, tokens });
            }
        }
        let places = [Point::Z, Point::CrossZ, Point::Pattern, Point::CrossPattern, Point::ResidPre];
        let run = run::run(case.model, other.clone(), Capture::of(places), case.pulse).await?;
        let [found] = read([case.target.read(case.model, run.hidden)?.value]).await?;
        let other_value = found.first().copied().ok_or_else(lost)?;
        Ok(Self { case, there: run.captures, sweep: Sweep::new(case).await?, other_value })
    }

    /// The target for the case's text.
    #[must_use]
    pub fn value(&self) -> f64 {
        self.sweep.value
    }

    /// f(x with the other text's `taken` of a head) − f(x) for every head: one run each.
    ///
    /// # Errors
    /// [`ExplainError`] where a run fails or was cancelled.
    pub async fn heads(&self, taken: Taken) -> Result<Vec<ByHead>, ExplainError> {
        let attends = Attends::of(self.case.model);
        let jobs: Vec<(Hook, (usize, usize))> = attends
            .iter()
            .flat_map(|attends| {
                (0..attends.layers).flat_map(move |layer| {
                    let hook = match taken {
                        Taken::Z => attends.z(layer),
                        Taken::Pattern => attends.pattern(layer),
                    };
                    (0..attends.heads).map(move |head| (hook, (head, attends.heads)))
                })
            })
            .collect();
        let mut effects = self.effects(&jobs, taken).await?.into_iter();
        let of = |attends: Attends| ByHead { attends, values: effects.by_ref().take(attends.count()).collect() };
        Ok(attends.into_iter().map(of).collect())
    }

    async fn effects(&self, jobs: &[(Hook, (usize, usize))], taken: Taken) -> Result<Vec<f64>, ExplainError> {
        let like = &self.case.input.embeddings;
        let mut effects = Vec::with_capacity(jobs.len());
        for (range, pulse) in self.case.batches(jobs.len(), 1) {
            let size = range.len();
            let mut changes = Changes::default();
            for (hook, which) in by_hook(jobs.get(range).unwrap_or_default().iter().copied()) {
                let heads = which.first().map_or(1, |(_, (_, heads))| *heads);
                let which: Vec<_> = which.into_iter().map(|(sequence, (head, _))| (sequence, head)).collect();
                let shape = match taken {
                    Taken::Z => [size, 1, heads, 1],
                    Taken::Pattern => [size, heads, 1, 1],
                };
                let there = tensor(marked(&which, size, heads, [1.0, 0.0]), shape, like);
                changes.patch(hook, there, self.there.get_by_head(hook).ok_or_else(lost)?);
            }
            let values = self.sweep.values(size, changes, &pulse).await?;
            effects.extend(values.into_iter().map(|value| value - self.value()));
        }
        Ok(effects)
    }

    /// f(x with what the other text has before a block, at one token) − f(x), for every block and token: one run each.
    ///
    /// # Errors
    /// [`ExplainError`] where a run fails or was cancelled.
    pub async fn residual(&self) -> Result<Vec<ByToken>, ExplainError> {
        let like = &self.case.input.embeddings;
        let mut found: Vec<ByToken> = stacks(self.case.model)
            .into_iter()
            .zip(sides(self.case.input))
            .map(|((side, stack), input)| {
                let (layers, tokens) = (stack.architecture().layers, input.dims()[1]);
                ByToken { side, layers, tokens, values: Vec::with_capacity(layers * tokens) }
            })
            .collect();
        let jobs: Vec<(Hook, (usize, usize))> = found
            .iter()
            .flat_map(|stack| {
                (0..stack.layers).flat_map(move |layer| {
                    let hook = Hook { side: stack.side, layer, point: Point::ResidPre };
                    (0..stack.tokens).map(move |token| (hook, (token, stack.tokens)))
                })
            })
            .collect();
        let mut effects = Vec::with_capacity(jobs.len());
        for (range, pulse) in self.case.batches(jobs.len(), 1) {
            let size = range.len();
            let mut changes = Changes::default();
            for (hook, which) in by_hook(jobs.get(range).unwrap_or_default().iter().copied()) {
                let tokens = which.first().map_or(1, |(_, (_, tokens))| *tokens);
                let which: Vec<_> = which.into_iter().map(|(sequence, (token, _))| (sequence, token)).collect();
                let there = tensor(marked(&which, size, tokens, [1.0, 0.0]), [size, tokens, 1], like);
                changes.patch_residual(hook, there, self.there.get_residual(hook).ok_or_else(lost)?);
            }
            let values = self.sweep.values(size, changes, &pulse).await?;
            effects.extend(values.into_iter().map(|value| value - self.value()));
        }
        let mut effects = effects.into_iter();
        for stack in &mut found {
            stack.values = effects.by_ref().take(stack.layers * stack.tokens).collect();
        }
        Ok(found)
    }
}
