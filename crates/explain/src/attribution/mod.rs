//! Attribution methods, one file each: how much of the target rests on each token.

mod attention;
mod attention_flow;
mod attention_gradient;
mod attention_rollout;
pub(crate) mod baseline;
mod grad_x_input;
mod hierarchy;
mod integrated_gradients;
mod kernel_shap;
mod layers;
mod lime;
mod occlusion;
mod partition_shap;
mod saliency;
mod smoothgrad;
mod value_zeroing;

pub use attention::attention;
pub use attention_flow::{attention_flow, flow_from, flow_map};
pub use attention_gradient::{attention_gradient, attention_gradient_map};
pub use attention_rollout::{attention_rollout, rollout_map};
pub use baseline::Baseline;
pub use grad_x_input::grad_x_input;
pub use hierarchy::{Merges, balanced, by_text};
pub use integrated_gradients::{Path, STEPS, integrated_gradients};
pub use kernel_shap::{EXACT, evaluations, kernel_shap};
pub use layers::{LayerValues, layers};
pub use lime::{Lime, SAMPLES as LIME_SAMPLES, lime};
pub use occlusion::{occlusion, removal};
pub use partition_shap::{BATCH as PARTITION_BATCH, EVALUATIONS, Owen, partition_shap};
pub use saliency::saliency;
pub use smoothgrad::{Base, Noise, SAMPLES as NOISE_SAMPLES, SHARE, Sampled, smoothgrad};
pub use value_zeroing::{value_zeroing, value_zeroing_map, value_zeroing_maps};
