//! A model with packed weights is the model with their numbers.

#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

use burn::tensor::{Device, Tensor};
use headlight_models::run::run;
use headlight_models::tiny_packed::llama;
use headlight_models::{Batch, Capture, Silent};
use pollster::block_on;

/// What the model computes, and the gradient of the sum of its cubes by the embeddings.
async fn values(packed: bool) -> [Vec<f32>; 2] {
    let model = llama(packed, &Device::flex()).await.unwrap();
    let embeddings = model.embed(&Batch::one(&[3, 14, 15, 9, 26, 5, 35])).autodiff().require_grad();
    let hidden = run(model.as_ref(), embeddings.clone(), Capture::none(), &Silent).await.unwrap().hidden;
    let gradients = hidden.clone().powi_scalar(3).sum().backward();
    let floats = |tensor: Tensor<3>| tensor.into_data().try_into_vec::<f32>().unwrap();
    [floats(hidden.inner()), floats(embeddings.grad(&gradients).unwrap())]
}

/// The greatest of ‖a − b‖ / ‖b‖ of what the model computes and of its gradient, packed (a) against plain (b).
async fn off() -> f32 {
    let (ours, plain) = (values(true).await, values(false).await);
    let norm = |values: &mut dyn Iterator<Item = f32>| values.map(|value| value * value).sum::<f32>().sqrt();
    let pairs = ours.iter().zip(&plain);
    pairs
        .map(|(a, b)| norm(&mut a.iter().zip(b).map(|(a, b)| a - b)) / norm(&mut b.iter().copied()))
        .fold(0.0, |worst, off| if off <= worst { worst } else { off })
}

#[test]
fn packed_weights_give_what_plain_ones_do() {
    let off = block_on(off());
    assert!(off < 1e-6, "{off}");
}
