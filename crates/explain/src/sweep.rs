//! One text, run many times with something else changed each time.

use burn::tensor::Tensor;
use headlight_models::{Capture, Changes, Input, Point, Pulse, Side, run};

use crate::ExplainError;
use crate::beside::beside;
use crate::case::{Case, each, lost, read};

/// A case whose run is known up to every block of the model's own stack, so that a changed run begins where it is changed.
#[derive(Debug)]
pub(crate) struct Sweep<'a> {
    case: &'a Case<'a>,
    /// What enters each block: `[1, token, width]`.
    entering: Vec<Tensor<3>>,
    /// What a decoder looks at: `[1, source token, width]`.
    memory: Option<Tensor<3>>,
    /// The target for the text as it is.
    pub value: f64,
}

impl<'a> Sweep<'a> {
    pub async fn new(case: &'a Case<'a>) -> Result<Self, ExplainError> {
        let memory = match (case.model.encoder(), &case.input.source) {
            (Some(_), Some(source)) => Some(run::encode(case.model, source.clone(), case.pulse).await?),
            _ => None,
        };
        let run = run::run(case.model, case.input.clone(), Capture::of([Point::ResidPre]), case.pulse).await?;
        let [found] = read([case.target.read(case.model, run.hidden)?.value]).await?;
        let own = run.captures.all_residual(Point::ResidPre).filter(|(hook, _)| hook.side != Side::Encoder);
        let entering = own.map(|(_, state)| state).collect();
        Ok(Self { case, entering, memory, value: found.first().copied().ok_or_else(lost)? })
    }

    /// The target's value for each of `count` copies of the text, each changed as `changes` says of it.
    pub async fn values(&self, count: usize, changes: Changes, pulse: &dyn Pulse) -> Result<Vec<f64>, ExplainError> {
        let Some(first) = changes.first() else { return Ok(vec![self.value; count]) };
        let Case { model, target, input, threads, .. } = *self.case;
        let below = if first.side == Side::Encoder { None } else { self.entering.get(first.layer) };
        // What runs are given: the text, or what enters the first block that is changed and what an encoder made of its text.
        let given = match below {
            Some(entering) => Input { embeddings: entering.clone(), types: Vec::new(), source: self.memory.clone() },
            None => input.clone(),
        };
        let given = each(&given, |side, _| side.clone().repeat_dim(0, count));
        let is_begun = below.is_some();
        let parts = beside((given, changes), threads, pulse, async move |(given, changes), pulse| {
            let run = match is_begun {
                true => run::resume(model, first.layer, given.embeddings, given.source, changes, pulse).await?,
                false => run::run_changed(model, given, Capture::none(), changes, pulse).await?,
            };
            Ok(target.read(model, run.hidden)?.value)
        });
        let [values] = read([Tensor::cat(parts.await?, 0)]).await?;
        Ok(values)
    }
}
