//! Attribution methods, one file each: how much of the target rests on each token.

mod grad_x_input;
mod saliency;

pub use grad_x_input::grad_x_input;
pub use saliency::saliency;
