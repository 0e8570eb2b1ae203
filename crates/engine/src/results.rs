//! Everything that comes back from the device, in one transaction.

use burn::tensor::{Tensor, TensorData, Transaction};
use headlight_document::{AttentionKind, Method};
use headlight_explain::Explained;
use headlight_explain::attribution::{grad_x_input, saliency};
use headlight_models::{Point, Side};

use crate::error::EngineError;

/// How far the sum of an attention row may be from one before the answer is withheld.
const ROW_SUM: f32 = 1e-3;

/// What came back.
pub(crate) struct Results {
    /// The target.
    pub value: f32,
    /// The scores among which the target is one, as [`headlight_explain::Reading::logits`].
    pub logits: Vec<f32>,
    /// The entry or label that was read.
    pub id: Option<u32>,
    /// Each method's values.
    pub methods: Vec<Values>,
    /// Each kind of attention that there is.
    pub attention: Vec<Maps>,
}

/// One method's values.
pub(crate) struct Values {
    pub method: Method,
    /// One for each token of the input.
    pub input: Vec<f32>,
    /// One for each token that a decoder read, where the input went to an encoder.
    pub written: Option<Vec<f32>>,
}

/// Attention maps of one kind.
pub(crate) struct Maps {
    pub kind: AttentionKind,
    pub layers: usize,
    pub heads: usize,
    pub rows: usize,
    pub columns: usize,
    /// Flat as `[layer, head, query, key]`.
    pub values: Vec<f32>,
}

/// Maps that are still on the device.
struct Pending {
    kind: AttentionKind,
    layers: usize,
    shape: [usize; 4],
    tensor: Tensor<4>,
}

impl Results {
    /// Reads back what was explained; `methods` are those that are read from one run. `causal` says whether a single stack
    /// is a decoder.
    pub async fn read(explained: Explained, methods: &[Method], causal: bool) -> Result<Self, EngineError> {
        let attention = pending(&explained, causal);
        let Explained { value, logits, ids, embeddings, source, gradient, .. } = explained;
        let mut transaction = Transaction::default().register(value);
        let mut sides = Vec::with_capacity(2);
        if !methods.is_empty() {
            let gradient = gradient.ok_or_else(|| failed("no gradient came back"))?;
            // Where a text goes to an encoder it comes first, and what the decoder read second.
            if let (Some(source), Some(gradient)) = (source, gradient.source) {
                sides.push((source, gradient));
            }
            sides.push((embeddings, gradient.embeddings));
        }
        for method in methods {
            for (embeddings, gradient) in &sides {
                transaction = transaction.register(match method {
                    Method::Saliency => saliency(gradient.clone()),
                    _ => grad_x_input(embeddings.clone(), gradient.clone()),
                });
            }
        }
        if let Some(logits) = &logits {
            transaction = transaction.register(logits.clone());
        }
        if let Some(ids) = &ids {
            transaction = transaction.register(ids.clone());
        }
        for maps in &attention {
            transaction = transaction.register(maps.tensor.clone());
        }
        let data = transaction.execute_async().await.map_err(|error| EngineError::Device(error.to_string()))?;
        let mut data = data.into_iter();
        let mut next = || data.next().ok_or_else(|| failed("a result is missing"));
        let value = floats(next()?)?.first().copied().unwrap_or(f32::NAN);
        let mut values = Vec::with_capacity(methods.len());
        for method in methods {
            let input = finite(floats(next()?)?)?;
            let written = if sides.len() > 1 { Some(finite(floats(next()?)?)?) } else { None };
            values.push(Values { method: *method, input, written });
        }
        let logits = if logits.is_some() { finite(floats(next()?)?)? } else { Vec::new() };
        let id = match ids {
            Some(_) => {
                next()?.convert::<i64>().try_into_vec::<i64>().ok().and_then(|ids| u32::try_from(*ids.first()?).ok())
            }
            None => None,
        };
        let mut maps = Vec::with_capacity(attention.len());
        for Pending { kind, layers, shape: [_, heads, rows, columns], .. } in attention {
            let values = floats(next()?)?;
            let sums_to_one = |row: &[f32]| (row.iter().sum::<f32>() - 1.0).abs() < ROW_SUM;
            if !values.chunks_exact(columns.max(1)).all(sums_to_one) {
                return Err(failed("it returned attention whose rows do not sum to one"));
            }
            maps.push(Maps { kind, layers, heads, rows, columns, values });
        }
        if !value.is_finite() {
            return Err(failed("it returned values that are not numbers"));
        }
        Ok(Self { value, logits, id, methods: values, attention: maps })
    }
}

/// The maps of each kind as one tensor each: one buffer comes back sooner than one a layer.
fn pending(explained: &Explained, causal: bool) -> Vec<Pending> {
    let own = if causal { AttentionKind::SelfAttention } else { AttentionKind::Encoder };
    let kinds = [
        (AttentionKind::Encoder, Side::Encoder, Point::Pattern),
        (own, Side::Only, Point::Pattern),
        (AttentionKind::SelfAttention, Side::Decoder, Point::Pattern),
        (AttentionKind::Cross, Side::Decoder, Point::CrossPattern),
    ];
    let mut found = Vec::with_capacity(3);
    for (kind, side, point) in kinds {
        let all = explained.captures.all(point);
        let layers: Vec<Tensor<4>> = all.filter(|(hook, _)| hook.side == side).map(|(_, tensor)| tensor).collect();
        if let Some(shape) = layers.first().map(Tensor::dims) {
            found.push(Pending { kind, layers: layers.len(), shape, tensor: Tensor::cat(layers, 0) });
        }
    }
    found
}

fn failed(what: &str) -> EngineError {
    EngineError::Device(what.to_owned())
}

fn finite(values: Vec<f32>) -> Result<Vec<f32>, EngineError> {
    match values.iter().all(|value| value.is_finite()) {
        true => Ok(values),
        false => Err(failed("it returned values that are not numbers")),
    }
}

/// The numbers of a tensor that came back.
pub(crate) fn floats(data: TensorData) -> Result<Vec<f32>, EngineError> {
    data.try_into_vec::<f32>().map_err(|error| EngineError::Device(format!("{error:?}")))
}

/// ln Σ exp over all logits.
pub(crate) fn log_sum_exp(logits: &[f32]) -> f64 {
    let greatest = logits.iter().copied().fold(f32::NEG_INFINITY, f32::max);
    let sum: f64 = logits.iter().map(|logit| (f64::from(*logit) - f64::from(greatest)).exp()).sum();
    sum.ln() + f64::from(greatest)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn large_logits_do_not_overflow() {
        assert!((log_sum_exp(&[1000.0, 1000.0]) - (1000.0 + 2.0_f64.ln())).abs() < 1e-9);
    }
}
