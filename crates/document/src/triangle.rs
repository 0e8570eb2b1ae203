//! What every written token rests on: the triangle of all steps and all tokens before them.

use serde::{Deserialize, Serialize};

use crate::explanation::AttentionKind;
use crate::generation::{GenerationError, MAX_WRITTEN};
use crate::look::Whose;
use crate::request::{MAX_TEXT_BYTES, Read};

/// The most numbers of a kind that a triangle may have.
pub const MAX_CELLS: usize = 1 << 20;

/// Something written, of which each token is to be explained.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Trace {
    /// The registered name of the model.
    pub model: String,
    /// The text that was gone on with, or that was translated.
    pub text: String,
    /// What was written after it, token by token.
    pub written: Vec<u32>,
    /// Which of them are explained, counted from 0; all where there are none.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub steps: Vec<usize>,
    /// As what each token is read.
    pub read: Read,
    /// Whose attention is wanted, where that is wanted in place of gradients.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub gaze: Option<Gaze>,
}

/// Attention of the places at which written tokens are read: where a model looks when it writes each.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Gaze {
    /// To which tokens: a model's own, or those of the text that it translates.
    pub kind: AttentionKind,
    /// A head's, or the mean of a layer's; of the last layer where there is none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub whose: Option<Whose>,
}

/// Whose attention the rows of a triangle have.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Gazed {
    /// To which tokens.
    pub kind: AttentionKind,
    /// A head's, or the mean of a layer's.
    pub whose: Whose,
    /// How many layers the model has of that attention.
    pub layers: usize,
    /// How many heads each of them has.
    pub heads: usize,
}

impl Trace {
    /// Checks what can be checked without a model.
    ///
    /// # Errors
    /// Says what is out of bounds.
    pub fn validate(&self) -> Result<(), GenerationError> {
        if self.text.trim().is_empty() {
            return Err(GenerationError::EmptyText);
        }
        if self.text.len() > MAX_TEXT_BYTES {
            return Err(GenerationError::TextTooLong { bytes: self.text.len() });
        }
        let is_there = |step: &usize| *step < self.written.len();
        if self.written.is_empty() || self.written.len() > MAX_WRITTEN || !self.steps.iter().all(is_there) {
            return Err(GenerationError::TooMuch);
        }
        Ok(())
    }
}

/// One entry of the vocabulary.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Piece {
    /// Its number.
    pub id: u32,
    /// What it reads as.
    pub text: String,
    /// Whether it stands for no text.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub special: bool,
}

/// What one written token rests on.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Row {
    /// Which token it is, counted from 0.
    pub step: usize,
    /// The number that is explained, read as [`Trace::read`] says.
    pub value: f64,
    /// The gradient's length at each token before it ([`Method::Saliency`](crate::Method::Saliency)), as many as stand before it.
    pub saliency: Vec<f64>,
    /// Gradient times input of each, in units of the value ([`Method::GradXInput`](crate::Method::GradXInput)).
    pub grad_x_input: Vec<f64>,
    /// How the place at which it is read attends to each token that it sees, in sum one; where that was asked for, and then in
    /// place of the others.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub attention: Vec<f64>,
}

/// Rows of a triangle, as many as are there.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Triangle {
    /// What the columns stand for: the text's tokens, then what the model had written before its last token; with a translator
    /// what it begins with between them. Of a translator's attention only those tokens that it goes to.
    pub columns: Vec<Piece>,
    /// How many of them are the text's.
    pub text: usize,
    /// What was written: a row for each.
    pub written: Vec<Piece>,
    /// The rows that are there, each once, from the first on.
    pub rows: Vec<Row>,
    /// Whose attention they have, where they have that.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub gazed: Option<Gazed>,
}

impl Triangle {
    /// Whether all rows are there.
    #[must_use]
    pub fn is_whole(&self) -> bool {
        self.rows.len() == self.written.len()
    }

    /// Lets go of the tokens from `step` on.
    pub fn cut(&mut self, step: usize) {
        let less = self.written.len().saturating_sub(step);
        self.written.truncate(step);
        // The text stays, and may be all that there is.
        self.columns.truncate(self.columns.len().saturating_sub(less).max(self.text));
        self.rows.retain(|row| row.step < step);
    }

    /// What a token rests on, where that is known.
    #[must_use]
    pub fn row(&self, step: usize) -> Option<&Row> {
        self.rows.iter().find(|row| row.step == step)
    }

    /// Takes rows that are not there yet. What was written since is taken over; of another text or another way to go on with it
    /// this becomes what `other` is.
    pub fn join(&mut self, other: Self) {
        let goes_on = (other.text, other.gazed) == (self.text, self.gazed)
            && other.columns.starts_with(&self.columns)
            && other.written.starts_with(&self.written);
        if !goes_on {
            *self = other;
            return;
        }
        (self.columns, self.written) = (other.columns, other.written);
        for row in other.rows {
            if self.row(row.step).is_none() {
                self.rows.push(row);
            }
        }
        self.rows.sort_by_key(|row| row.step);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_no_model_could_trace_is_refused() {
        let plain = Trace {
            model: "smollm2".into(),
            text: "Hello".into(),
            written: vec![1, 2],
            steps: Vec::new(),
            read: Read::Logit,
            gaze: None,
        };
        assert_eq!(plain.validate(), Ok(()));
        let written = |written| Trace { written, ..plain.clone() }.validate();
        assert_eq!(written(Vec::new()), Err(GenerationError::TooMuch));
        assert_eq!(written(vec![1; MAX_WRITTEN + 1]), Err(GenerationError::TooMuch));
        assert_eq!(Trace { text: " ".into(), ..plain.clone() }.validate(), Err(GenerationError::EmptyText));
        let steps = |steps| Trace { steps, ..plain.clone() }.validate();
        assert_eq!((steps(vec![1, 0]), steps(vec![2])), (Ok(()), Err(GenerationError::TooMuch)));
        let text = "a".repeat(MAX_TEXT_BYTES + 1);
        assert!(matches!(Trace { text, ..plain }.validate(), Err(GenerationError::TextTooLong { .. })));
    }

    #[test]
    fn rows_join_in_order_and_once() {
        let piece = |id| Piece { id, text: String::new(), special: false };
        let columns = |written: u32| (100..100 + 2 + written - 1).map(piece).collect();
        let row = |step| Row { step, ..Row::default() };
        let of = |steps: &[usize], written: u32| Triangle {
            columns: columns(written),
            text: 2,
            written: (0..written).map(piece).collect(),
            rows: steps.iter().copied().map(row).collect(),
            gazed: None,
        };
        let mut whole = of(&[2], 3);
        whole.join(of(&[0, 2], 3));
        assert_eq!(whole, of(&[0, 2], 3));
        assert!(!whole.is_whole() && whole.row(1).is_none());
        whole.join(of(&[1], 3));
        assert!(whole.is_whole() && whole.row(1).is_some());
        // It was written further.
        whole.join(of(&[4], 5));
        assert_eq!(whole, of(&[0, 1, 2, 4], 5));
        whole.cut(2);
        assert_eq!(whole, of(&[0, 1], 2));
        // Another text.
        let other = Triangle { text: 1, ..of(&[0], 1) };
        whole.join(other.clone());
        assert_eq!(whole, other);
        // Another head's rows are others.
        let gazed = |head| Some(Gazed { kind: AttentionKind::Cross, whose: Whose::Head(1, head), layers: 2, heads: 4 });
        let seen = |head, steps: &[usize]| Triangle { columns: columns(1), gazed: gazed(head), ..of(steps, 2) };
        let mut whole = seen(0, &[0]);
        whole.join(seen(0, &[1]));
        assert!(whole.is_whole());
        // The text that is translated stays whole.
        whole.cut(1);
        assert_eq!((whole.columns.len(), whole.rows.len()), (2, 1));
        whole.join(seen(1, &[1]));
        assert_eq!(whole, seen(1, &[1]));
    }
}
