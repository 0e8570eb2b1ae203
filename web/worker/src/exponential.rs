//! The exponential that the whole module calls.
//!
//! WebAssembly has no instruction for it, so `f32::exp` becomes a call of `expf`, which Rust's runtime library computes
//! in double precision with tables; on the CPU a softmax over 128 tokens spent a seventh of a run there. This one stays
//! in single precision: Cody and Waite's reduction and Cephes' polynomial (S. Moshier, `expf.c`), within 2 units in the
//! last place, which the self-test and the tests against PyTorch hold to account like any other kernel.

/// eˣ.
///
/// Defined under the C name, it takes the place of the runtime library's.
#[unsafe(no_mangle)]
pub extern "C" fn expf(x: f32) -> f32 {
    // Beyond these, e^x is no normal f32: infinity above, zero below.
    if x > 88.722_83 {
        return f32::INFINITY;
    }
    if x < -87.336_54 {
        return 0.0;
    }
    if x.is_nan() {
        return x;
    }
    let n = (x * std::f32::consts::LOG2_E).round_ties_even();
    // ln 2 in two parts, the first with few enough digits for n times it to be exact.
    let r = x - n * 0.693_359_4;
    let r = r - n * -2.121_944_4e-4;
    let p = 1.987_569_2e-4;
    let p = p * r + 1.398_199_9e-3;
    let p = p * r + 8.333_452e-3;
    let p = p * r + 4.166_579_6e-2;
    let p = p * r + 1.666_666_5e-1;
    let p = p * r + 0.5;
    let value = p * r * r + r + 1.0;
    // 2ⁿ in two factors, since n itself may be 128.
    let n = n as i32;
    let power = |n: i32| f32::from_bits(((n + 127) << 23) as u32);
    value * power(n / 2) * power(n - n / 2)
}
