//! The test that every device passes before it is used: tiny models of both families against values that PyTorch gave, and
//! packed weights against plain ones.
//!
//! A shader that a driver compiles wrongly does not fail, it computes garbage; so nothing is shown from a device that
//! does not agree here.

use burn::tensor::Device;
use serde::Deserialize;

use crate::error::EngineError;
use crate::probe::{self, Numbers};

/// The largest difference that an attention weight may have.
const ATTENTION: f32 = 1e-4;
/// The largest ‖a−b‖/‖b‖ that gradients may have.
const GRADIENT: f32 = 1e-3;
/// The largest difference that a target may have.
const VALUE: f32 = 1e-3;

const STORED: &str = include_str!("../../../tests/golden/tiny/self_test.json");

#[derive(Deserialize)]
struct Stored {
    llama: StoredRun,
    bert: StoredRun,
}

#[derive(Deserialize)]
struct StoredRun {
    ids: Vec<u32>,
    #[serde(default)]
    second_ids: Vec<u32>,
    #[serde(default)]
    target: Option<u32>,
    value: f32,
    saliency: Vec<f32>,
    /// The second layer's, flat as `[head, query, key]`.
    attention: Vec<f32>,
}

/// Runs the tiny models on `device` and compares.
///
/// # Errors
/// [`EngineError::SelfTest`] says which number is off and by how much.
pub async fn check(device: &Device) -> Result<(), EngineError> {
    let stored: Stored = serde_json::from_str(STORED).map_err(|error| EngineError::SelfTest(error.to_string()))?;
    let llama = probe::llama(device, &stored.llama.ids, stored.llama.target).await?;
    compare("the decoder", &llama, &stored.llama)?;
    let bert = probe::bert(device, &stored.bert.ids, &stored.bert.second_ids).await?;
    compare("the encoder", &bert, &stored.bert)?;
    check_packed(device).await
}

/// Packed weights on `device` against plain ones on the CPU.
async fn check_packed(device: &Device) -> Result<(), EngineError> {
    const IDS: [u32; 7] = [3, 14, 15, 9, 26, 5, 35];
    const TARGET: u32 = 8;
    let plain = probe::packed(&Device::flex(), false, &IDS, TARGET).await?;
    let expected = StoredRun {
        ids: IDS.to_vec(),
        second_ids: Vec::new(),
        target: Some(TARGET),
        value: plain.value,
        saliency: plain.saliency,
        attention: plain.attention,
    };
    compare("the decoder with packed weights", &probe::packed(device, true, &IDS, TARGET).await?, &expected)
}

fn compare(what: &str, found: &Numbers, stored: &StoredRun) -> Result<(), EngineError> {
    let fail = |text: String| Err(EngineError::SelfTest(text));
    let layer = found.attention.len().saturating_sub(stored.attention.len());
    let attention = greatest_difference(found.attention.get(layer..).unwrap_or_default(), &stored.attention);
    if beyond(attention, ATTENTION) {
        return fail(format!("attention of {what} is off by {attention:.1e}"));
    }
    let gradient = relative_difference(&found.saliency, &stored.saliency);
    if beyond(gradient, GRADIENT) {
        return fail(format!("gradients of {what} are off by {gradient:.1e} relative"));
    }
    let value = (found.value - stored.value).abs();
    if beyond(value, VALUE) {
        return fail(format!("the value of {what} is off by {value:.1e}"));
    }
    Ok(())
}

/// Whether a difference is too large, or no number at all.
fn beyond(difference: f32, bound: f32) -> bool {
    difference.is_nan() || difference > bound
}

/// max |a−b|; NaN where lengths differ.
fn greatest_difference(a: &[f32], b: &[f32]) -> f32 {
    if a.len() != b.len() {
        return f32::NAN;
    }
    a.iter()
        .zip(b)
        .map(|(a, b)| (a - b).abs())
        .fold(0.0, |greatest, next| if next > greatest || next.is_nan() { next } else { greatest })
}

/// ‖a−b‖/‖b‖; NaN where lengths differ.
fn relative_difference(a: &[f32], b: &[f32]) -> f32 {
    if a.len() != b.len() {
        return f32::NAN;
    }
    let difference: f32 = a.iter().zip(b).map(|(a, b)| (a - b).powi(2)).sum();
    let length: f32 = b.iter().map(|b| b.powi(2)).sum();
    (difference / length).sqrt()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn stored() -> (Numbers, StoredRun) {
        let stored: Stored = serde_json::from_str(STORED).unwrap();
        let run = stored.bert;
        let numbers = Numbers {
            value: run.value,
            attention: run.attention.clone(),
            saliency: run.saliency.clone(),
            grad_x_input: Vec::new(),
        };
        (numbers, run)
    }

    #[test]
    fn right_numbers_pass_and_wrong_ones_fail() {
        let (numbers, run) = stored();
        assert!(compare("x", &numbers, &run).is_ok());
        for spoil in [
            (|n: &mut Numbers| n.attention[3] += 2e-4) as fn(&mut Numbers),
            |n| n.attention[0] = f32::NAN,
            |n| n.saliency[2] *= 1.1,
            |n| n.saliency[2] = f32::NAN,
            |n| n.value = f32::NAN,
            |n| n.attention.clear(),
        ] {
            let mut spoilt = numbers.clone();
            spoil(&mut spoilt);
            assert!(compare("x", &spoilt, &run).is_err());
        }
    }
}
