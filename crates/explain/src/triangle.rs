//! Everything that was written, token by token: what each rests on of all that stands before it, as rows of one triangle
//! (Inseq's attribution of a generation; Sarti et al. 2023).
//!
//! Each row has a target of its own, so that a gradient of its own is taken back down. A batch runs the text as often as it has
//! rows, each read at its own place, and no further than the last of them looks.

use burn::tensor::{Tensor, Transaction};
use headlight_models::run::{Gradients, track};
use headlight_models::{Capture, Captures, Input, Pulse, Transformer};

use crate::ExplainError;
use crate::attribution::{grad_x_input, saliency};
use crate::beside::beside;
use crate::case::{Part, lost, values};
use crate::target::{Place, Read, each_its_own};

/// What one written token rests on.
#[derive(Clone, Debug, PartialEq)]
pub struct Row {
    /// The number that is explained: the token as it is read.
    pub value: f64,
    /// ‖∂f/∂x_i‖₂ of each token before it: those of the encoder's text, where there is one, then the model's own up to the
    /// place at which the token is read.
    pub saliency: Vec<f64>,
    /// Σ_d x·∂f/∂x of each.
    pub grad_x_input: Vec<f64>,
}

/// How rows are worked out.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Work {
    /// As what each token is read.
    pub read: Read,
    /// How many rows run at once.
    pub most: usize,
    /// How many threads they may be shared among: 1 where the device is no CPU, or there are no threads.
    pub threads: usize,
}

/// Works out a row for each of `places` in a text that the model has whole (`input`, a batch of one), and tells of each batch
/// as soon as it is there, in the order of `places`. Places that follow each other go well together.
///
/// # Errors
/// [`ExplainError`] where a run fails or was cancelled, the model predicts no tokens, or a place or a token is not there.
pub async fn triangle(
    model: &dyn Transformer,
    input: &Input,
    places: &[Place],
    work: Work,
    pulse: &dyn Pulse,
    mut tell: impl FnMut(Vec<Row>),
) -> Result<(), ExplainError> {
    let most = work.most.max(1);
    let batches = places.len().div_ceil(most);
    for (index, places) in places.chunks(most).enumerate() {
        let part = Part::new(pulse, index, batches, 2);
        tell(batch(model, input, places, work, &part).await?);
    }
    Ok(())
}

async fn batch(
    model: &dyn Transformer,
    input: &Input,
    places: &[Place],
    work: Work,
    pulse: &dyn Pulse,
) -> Result<Vec<Row>, ExplainError> {
    let last = places.iter().map(|place| place.position).max().unwrap_or(0);
    let tokens = input.embeddings.dims()[1];
    if last >= tokens {
        return Err(ExplainError::NoSuchPosition { position: last, tokens });
    }
    let count = places.len();
    let many = Input {
        embeddings: input.embeddings.clone().narrow(1, 0, last + 1).repeat_dim(0, count),
        types: input.types.clone(),
        source: input.source.as_ref().map(|source| source.clone().repeat_dim(0, count)),
    };
    let parts = beside((many, places.to_vec()), work.threads, pulse, async move |(input, places), pulse| {
        let sides: Vec<Tensor<3>> = input.source.iter().chain([&input.embeddings]).cloned().collect();
        let mut tracked = track(model, input, Capture::none(), pulse).await?;
        let reading = each_its_own(model, tracked.hidden(model), &places, work.read)?;
        tracked.captures = Captures::default();
        let Gradients { embeddings, source, .. } = tracked.backward(reading.seed, pulse).await?;
        let gradients: Vec<Tensor<3>> = source.into_iter().chain([embeddings]).collect();
        Ok((reading.value, sides, gradients))
    });
    let mut rows = Vec::with_capacity(count);
    for (value, sides, gradients) in parts.await? {
        let first = rows.len();
        let sizes: Vec<usize> = sides.iter().map(|side| side.dims()[1]).collect();
        let norms: Vec<Tensor<2>> = gradients.iter().cloned().map(saliency).collect();
        let products = sides.into_iter().zip(gradients).map(|(side, gradient)| grad_x_input(side, gradient)).collect();
        let (norms, products): (Tensor<2>, Tensor<2>) = (Tensor::cat(norms, 1), Tensor::cat(products, 1));
        let read = Transaction::default().register(value).register(norms).register(products);
        let [value, norms, products] = <[Vec<f64>; 3]>::try_from(values(read).await?).map_err(|_| lost())?;
        let width: usize = sizes.iter().sum();
        let before: usize = sizes.iter().rev().skip(1).sum();
        let each = value.into_iter().zip(norms.chunks(width)).zip(products.chunks(width));
        for (((value, norms), products), place) in each.zip(places.iter().skip(first)) {
            // What follows the place has no part in it: the model does not look ahead.
            let seen = before + place.position + 1;
            let cut = |values: &[f64]| values.iter().take(seen).copied().collect();
            rows.push(Row { value, saliency: cut(norms), grad_x_input: cut(products) });
        }
    }
    Ok(rows)
}
