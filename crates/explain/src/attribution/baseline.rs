//! What a text is compared with: embeddings that stand for "nothing there".

use burn::tensor::Tensor;
use headlight_models::{Batch, Input, Stack};

use crate::ExplainError;
use crate::case::{Case, each, tensor};

/// What stands in the place of a text's tokens.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Baseline {
    /// Nought for every token, special tokens included.
    Zero,
    /// One token of the vocabulary, such as `[MASK]` or `[PAD]`, for all tokens but special ones.
    Token(u32),
    /// The mean of the vocabulary's embeddings for all tokens but special ones.
    Mean,
}

impl Baseline {
    /// The embeddings of the baseline of a case, of the same shapes as its input. `special` says which tokens stay as they
    /// are, in the order of a case's values.
    ///
    /// # Errors
    /// [`ExplainError`] where the work was cancelled.
    pub async fn embed(self, case: &Case<'_>, special: &[bool]) -> Result<Input, ExplainError> {
        match self {
            Self::Zero => Ok(each(case.input, |side, _| side.zeros_like())),
            Self::Token(id) => Ok(keep(case, special, &token(case, id))),
            Self::Mean => {
                let own = mean(case, case.model).await?;
                let source = match case.model.encoder() {
                    Some(encoder) => Some(mean(case, encoder).await?),
                    None => None,
                };
                Ok(keep(case, special, &Input { embeddings: own, types: Vec::new(), source }))
            }
        }
    }
}

/// The embedding of one token on each side of a case: `[1, 1, width]`.
pub(crate) fn token(case: &Case<'_>, id: u32) -> Input {
    let batch = Batch::one(&[id]);
    let source = case.input.source.as_ref().map(|_| &batch);
    Input::embed(case.model, &batch, source)
}

/// The text with `instead` (`[1, 1, width]` a side) in the place of all tokens but special ones.
fn keep(case: &Case<'_>, special: &[bool], instead: &Input) -> Input {
    let all: Vec<bool> = (0..case.tokens()).map(|token| special.get(token).copied().unwrap_or(false)).collect();
    replaced(case.input, instead, &[all])
}

/// For each of `kept` the text with `instead` (`[1, 1, width]` a side) in the place of all tokens that are not kept:
/// `[kept, token, width]` a side.
pub(crate) fn replaced(input: &Input, instead: &Input, kept: &[Vec<bool>]) -> Input {
    each(input, |side, start| {
        let instead =
            if start == 0 { instead.source.as_ref().unwrap_or(&instead.embeddings) } else { &instead.embeddings };
        let tokens = side.dims()[1];
        let place = |mask: &Vec<bool>| -> Vec<f64> {
            (start..start + tokens).map(|token| f64::from(u8::from(mask.get(token) == Some(&true)))).collect()
        };
        let stays = tensor(kept.iter().flat_map(place), [kept.len(), tokens, 1], side);
        let goes = stays.ones_like() - stays.clone();
        side.clone() * stays + instead.clone() * goes
    })
}

/// The mean of a vocabulary's embeddings: `[1, 1, width]`.
async fn mean(case: &Case<'_>, stack: &dyn Stack) -> Result<Tensor<3>, ExplainError> {
    /// Embeddings that are added up at once.
    const PIECE: u32 = 1024;
    let vocabulary = u32::try_from(stack.architecture().vocabulary).unwrap_or(u32::MAX);
    let mut sum: Option<Tensor<3>> = None;
    let pieces = vocabulary.div_ceil(PIECE);
    for piece in 0..pieces {
        let ids: Vec<u32> = (piece * PIECE..vocabulary.min((piece + 1) * PIECE)).collect();
        let here = stack.embed(&Batch::one(&ids)).sum_dim(1);
        sum = Some(match sum {
            Some(sum) => sum + here,
            None => here,
        });
        let (done, total) = (piece as usize + 1, pieces as usize);
        case.pulse
            .beat(headlight_models::pulse::Stage::Attribute, done, total)
            .await
            .map_err(headlight_models::RunError::from)?;
    }
    let sum = sum.ok_or(headlight_models::RunError::Empty)?;
    Ok(sum / f64::from(vocabulary))
}
