//! Attribution methods, one file each: how much of the target rests on each token.

pub(crate) mod baseline;
mod grad_x_input;
mod integrated_gradients;
mod kernel_shap;
mod lime;
mod occlusion;
mod partition_shap;
mod saliency;
mod smoothgrad;

pub use baseline::Baseline;
pub use grad_x_input::grad_x_input;
pub use integrated_gradients::{Path, STEPS, integrated_gradients};
pub use kernel_shap::{EXACT, evaluations, kernel_shap};
pub use lime::{Lime, SAMPLES as LIME_SAMPLES, lime};
pub use occlusion::{occlusion, removal};
pub use partition_shap::{BATCH as PARTITION_BATCH, EVALUATIONS, Merges, Owen, balanced, partition_shap};
pub use saliency::saliency;
pub use smoothgrad::{Base, Noise, SAMPLES as NOISE_SAMPLES, SHARE, Sampled, smoothgrad};
