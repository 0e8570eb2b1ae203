//! Whether what a document says was written can have been.

use crate::generation::{MAX_WRITTEN, Step};
use crate::look::Whose;
use crate::request::MAX_TEXT_BYTES;
use crate::triangle::{MAX_CELLS, Row, Triangle};
use crate::validate::{DocumentError, MAX_LAYERS, MAX_PIECE_BYTES, MAX_TOKENS, at_most, length, numbers, there};
use crate::wrote::{MAX_WAYS, Way, Wrote, are_possible};

const WHAT: &str = "list of what was written";
const TRIANGLE: &str = "map of what was written";

/// The most candidates of a step.
const MAX_CANDIDATES: usize = 100;

impl Wrote {
    pub(crate) fn validate(&self) -> Result<(), DocumentError> {
        there(WHAT, !self.text.trim().is_empty())?;
        at_most(WHAT, self.text.len(), MAX_TEXT_BYTES)?;
        at_most(WHAT, self.others.len(), MAX_WAYS)?;
        self.way.validate()?;
        self.others.iter().try_for_each(Way::validate)?;
        let steps = self.way.steps.len();
        there(WHAT, self.open.is_none_or(|open| open < steps))?;
        for (triangle, is_attention) in [(&self.triangle, false), (&self.gazed, true)] {
            if let Some(triangle) = triangle {
                there(TRIANGLE, triangle.gazed.is_some() == is_attention)?;
                triangle.validate(steps)?;
            }
        }
        Ok(())
    }
}

impl Way {
    fn validate(&self) -> Result<(), DocumentError> {
        let count = self.steps.len();
        there(WHAT, count > 0 && are_possible(&self.chosen, count))?;
        at_most(WHAT, count, MAX_WRITTEN)?;
        let size = |step: &Step| {
            let names = step.top.iter().map(|one| one.text.len()).sum::<usize>();
            step.adds.len() + step.token.text.len() + names
        };
        at_most(WHAT, self.steps.iter().map(size).sum(), 16 * MAX_PIECE_BYTES)?;
        for step in &self.steps {
            at_most(WHAT, step.top.len(), MAX_CANDIDATES)?;
            numbers(WHAT, step.top.iter().flat_map(|one| [&one.logit, &one.prob]).chain([&step.token.prob]))?;
        }
        Ok(())
    }
}

impl Triangle {
    fn validate(&self, steps: usize) -> Result<(), DocumentError> {
        let (written, columns) = (self.written.len(), self.columns.len());
        // It may be of what stood there before the text was gone on with.
        at_most(TRIANGLE, written, steps)?;
        at_most(TRIANGLE, columns, MAX_TOKENS)?;
        // As many are drawn, those among them that are nothing too.
        at_most(TRIANGLE, written * columns, 2 * MAX_CELLS)?;
        there(TRIANGLE, self.text <= columns)?;
        let names = self.columns.iter().chain(&self.written);
        at_most(TRIANGLE, names.map(|piece| piece.text.len()).sum(), 4 * MAX_PIECE_BYTES)?;
        let is_in_order = self.rows.iter().zip(self.rows.iter().skip(1)).all(|(row, next)| row.step < next.step);
        there(TRIANGLE, is_in_order && self.rows.last().is_none_or(|row| row.step < written))?;
        if let Some(gazed) = &self.gazed {
            at_most(TRIANGLE, gazed.layers.max(gazed.heads), MAX_LAYERS)?;
            there(
                TRIANGLE,
                match gazed.whose {
                    Whose::Head(layer, head) => layer < gazed.layers && head < gazed.heads,
                    Whose::Layer(layer) => layer < gazed.layers,
                    Whose::Mean | Whose::Rollout | Whose::Flow(_) => false,
                },
            )?;
        }
        self.rows.iter().try_for_each(|row| row.validate(columns, self.gazed.is_some()))
    }
}

impl Row {
    fn validate(&self, columns: usize, is_attention: bool) -> Result<(), DocumentError> {
        let (gradients, weights) = (self.saliency.len(), self.attention.len());
        length(TRIANGLE, self.grad_x_input.len(), gradients)?;
        at_most(TRIANGLE, gradients.max(weights), columns)?;
        there(TRIANGLE, if is_attention { gradients == 0 } else { weights == 0 })?;
        let all = self.saliency.iter().chain(&self.grad_x_input).chain(&self.attention);
        numbers(TRIANGLE, all.chain([&self.value]))
    }
}
