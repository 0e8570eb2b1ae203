//! The exponential that the whole module calls; see [`headlight_engine::exponential`] for why.

use headlight_engine::exponential::exp;

/// eˣ.
///
/// Defined under the C name, it takes the place of the runtime library's. The self-test and the tests against PyTorch
/// hold it to account like any other kernel.
#[unsafe(no_mangle)]
pub extern "C" fn expf(x: f32) -> f32 {
    exp(x)
}
