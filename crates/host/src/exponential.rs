//! The exponential in single precision: Cody and Waite's reduction and Cephes' polynomial (S. Moshier, `expf.c`), within
//! 2 units in the last place.
//!
//! WebAssembly has no instruction for it, so `f32::exp` becomes a call of C's `expf`, which Rust's runtime library
//! computes in double precision with tables: a softmax over 128 tokens spent a seventh of a run there. The CPU device's
//! own kernels call [`exp_in_range`]; the engine's worker puts [`exp`] in the runtime library's place.

use crate::lanes::Lanes;

/// Where eˣ passes the greatest `f32`.
const GREATEST: f32 = 88.722_83;
/// Where eˣ falls below the least normal `f32`.
const LEAST: f32 = -87.336_54;

/// eˣ for every x: infinity above 88.72283, zero below −87.33654 (where it is no normal number any more), and NaN for
/// NaN.
#[inline]
pub fn exp(x: f32) -> f32 {
    if x.is_nan() {
        x
    } else if x > GREATEST {
        f32::INFINITY
    } else if x < LEAST {
        0.0
    } else if x > 88.0 {
        // Here the power may be 2¹²⁸, which is no f32; eˣ is.
        let (value, shifted) = reduce(x);
        value * (shifted - 1.0).power_of_two(ROUND) * 2.0
    } else {
        exp_in_range(x)
    }
}

/// eˣ for x ≤ 88, without a branch. Below −87.33654 it is the least normal number rather than less; of NaN it makes a
/// number too.
#[inline(always)]
pub(crate) fn exp_in_range<L: Lanes>(x: L) -> L {
    let (value, shifted) = reduce(x.at_least(L::splat(LEAST)));
    value.mul(shifted.power_of_two(L::splat(ROUND)))
}

/// 1.5 · 2²³: adding it rounds to a whole number, which then stands in the lowest bits.
const ROUND: f32 = 12_582_912.0;

/// eˣ as a value about one, and n + [`ROUND`] for the power 2ⁿ that it is to be multiplied with.
#[inline(always)]
fn reduce<L: Lanes>(x: L) -> (L, L) {
    let shifted = x.mul(L::splat(std::f32::consts::LOG2_E)).add(L::splat(ROUND));
    let n = shifted.sub(L::splat(ROUND));
    // ln 2 in two parts, the first with few enough digits for n times it to be exact.
    let r = x.sub(n.mul(L::splat(0.693_359_4)));
    let r = r.sub(n.mul(L::splat(-2.121_944_4e-4)));
    let terms = [1.398_199_9e-3, 8.333_452e-3, 4.166_579_6e-2, 1.666_666_5e-1, 0.5];
    let p = polynomial(r, 1.987_569_2e-4, terms);
    (p.mul(r).mul(r).add(r).add(L::splat(1.0)), shifted)
}

/// first·xⁿ + … by Horner's rule, `terms` from the highest power to the lowest.
#[inline(always)]
pub(crate) fn polynomial<L: Lanes, const N: usize>(x: L, first: f32, terms: [f32; N]) -> L {
    terms.into_iter().fold(L::splat(first), |sum, term| sum.mul(x).add(L::splat(term)))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The greatest relative error of `found` from `from` to `to`.
    fn worst(from: f32, to: f32, found: fn(f32) -> f32) -> f64 {
        const STEPS: u32 = 400_000;
        let error = |x: f32| {
            let exact = f64::from(x).exp();
            ((f64::from(found(x)) - exact) / exact).abs()
        };
        (0..=STEPS).map(|step| from + (to - from) * step as f32 / STEPS as f32).map(error).fold(0.0, f64::max)
    }

    #[test]
    fn the_exponential_is_within_two_units_in_the_last_place() {
        for (from, to) in [(LEAST, 88.0), (-1.0, 1.0)] {
            for found in [exp, exp_in_range] {
                let worst = worst(from, to, found);
                assert!(worst < 2.0 * f64::from(f32::EPSILON), "{worst} from {from} to {to}");
            }
        }
        let worst = worst(88.0, GREATEST, exp);
        assert!(worst < 2.0 * f64::from(f32::EPSILON), "{worst} up to the greatest number");
    }

    #[test]
    fn what_is_no_normal_number_is_special() {
        assert!(exp(f32::NAN).is_nan() && exp(-f32::NAN).is_nan());
        assert_eq!(exp(f32::INFINITY), f32::INFINITY);
        assert_eq!(exp(f32::NEG_INFINITY), 0.0);
        assert_eq!((exp(0.0), exp(-0.0)), (1.0, 1.0));
        assert_eq!((exp(f32::MIN_POSITIVE), exp(-1e-45)), (1.0, 1.0));
        // The last number with a finite exponential, and the one after it.
        assert!(exp(GREATEST).is_finite() && exp(GREATEST) > 3.4e38);
        assert_eq!(exp(GREATEST.next_up()), f32::INFINITY);
        assert_eq!(exp(f32::MAX), f32::INFINITY);
        assert!(exp(LEAST) > 0.0);
        assert_eq!(exp(LEAST.next_down()), 0.0);
        assert_eq!(exp(f32::MIN), 0.0);
    }

    #[test]
    fn below_its_range_the_branchless_one_is_next_to_nothing() {
        for x in [LEAST.next_down(), -100.0, -1e9, f32::MIN, f32::NEG_INFINITY] {
            assert!((0.0..2e-38).contains(&exp_in_range(x)), "{x}");
        }
    }

    #[test]
    fn it_never_falls_where_a_power_of_two_begins() {
        for n in -125..=127 {
            // The middle between two powers, where the reduction takes the next, and 100 numbers to either side.
            let mut at = (n as f32 + 0.5) * std::f32::consts::LN_2;
            (0..100).for_each(|_| at = at.next_down());
            let mut last = 0.0;
            for _ in 0..200 {
                let value = exp(at);
                assert!(value >= last * (1.0 - 2.0 * f32::EPSILON), "{at}");
                last = value;
                at = at.next_up();
            }
        }
    }
}
