//! What comes back of one run but attention: values, scores and gradients, in one transaction.

use burn::tensor::{Int, Tensor, TensorData, Transaction};
use headlight_document::Method;
use headlight_explain::attribution::{grad_x_input, saliency};
use headlight_explain::{Explained, Reading};

use crate::error::EngineError;

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
}

/// One method's values.
pub(crate) struct Values {
    pub method: Method,
    /// One for each token of the input.
    pub input: Vec<f32>,
    /// One for each token that a decoder read, where the input went to an encoder.
    pub written: Option<Vec<f32>>,
}

impl Results {
    /// Reads back a target alone, and the scores among which it is one.
    pub async fn of_reading(reading: Reading) -> Result<Self, EngineError> {
        let Reading { value, logits, ids, .. } = reading;
        let (results, _) = Self::back(value, logits, ids, Vec::new()).await?;
        Ok(results)
    }

    /// Reads back what was explained; `methods` are those that are read from one run.
    pub async fn read(explained: Explained, methods: &[Method]) -> Result<Self, EngineError> {
        let Explained { value, logits, ids, embeddings, source, gradient, .. } = explained;
        let mut sides = Vec::with_capacity(2);
        if !methods.is_empty() {
            let gradient = gradient.ok_or_else(|| failed("no gradient came back"))?;
            // Where a text goes to an encoder it comes first, and what the decoder read second.
            if let (Some(source), Some(gradient)) = (source, gradient.source) {
                sides.push((source, gradient));
            }
            sides.push((embeddings, gradient.embeddings));
        }
        let of_side = |method: &Method, (embeddings, gradient): &(Tensor<3>, Tensor<3>)| match method {
            Method::Saliency => saliency(gradient.clone()),
            _ => grad_x_input(embeddings.clone(), gradient.clone()),
        };
        let tensors = methods.iter().flat_map(|method| sides.iter().map(move |side| of_side(method, side)));
        let (results, values) = Self::back(value, logits, ids, tensors.collect()).await?;
        let mut values = values.into_iter();
        let mut next = || values.next().ok_or_else(|| failed("a result is missing"));
        let mut found = Vec::with_capacity(methods.len());
        for method in methods {
            let input = next()?;
            let written = if sides.len() > 1 { Some(next()?) } else { None };
            found.push(Values { method: *method, input, written });
        }
        Ok(Self { methods: found, ..results })
    }

    /// Brings all of it back in one transaction, and beside it the numbers of `more`.
    async fn back(
        value: Tensor<1>,
        logits: Option<Tensor<2>>,
        ids: Option<Tensor<1, Int>>,
        more: Vec<Tensor<2>>,
    ) -> Result<(Self, Vec<Vec<f32>>), EngineError> {
        let (has_logits, has_ids) = (logits.is_some(), ids.is_some());
        let mut transaction = Transaction::default().register(value);
        if let Some(logits) = logits {
            transaction = transaction.register(logits);
        }
        if let Some(ids) = ids {
            transaction = transaction.register(ids);
        }
        let transaction = more.into_iter().fold(transaction, Transaction::register);
        let data = transaction.execute_async().await.map_err(|error| EngineError::Device(error.to_string()))?;
        let mut data = data.into_iter();
        let mut next = || data.next().ok_or_else(|| failed("a result is missing"));
        let value = finite(floats(next()?)?)?.first().copied().ok_or_else(|| failed("a result is missing"))?;
        let logits = if has_logits { finite(floats(next()?)?)? } else { Vec::new() };
        let id = if has_ids { first_id(next()?) } else { None };
        let more = data.map(|data| finite(floats(data)?)).collect::<Result<_, _>>()?;
        Ok((Self { value, logits, id, methods: Vec::new() }, more))
    }
}

fn first_id(ids: TensorData) -> Option<u32> {
    ids.convert::<i64>().try_into_vec::<i64>().ok().and_then(|ids| u32::try_from(*ids.first()?).ok())
}

pub(crate) fn failed(what: &str) -> EngineError {
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
