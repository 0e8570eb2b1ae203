//! Numbers that are computed together.
//!
//! A function is written once, over [`Lanes`]. Natively it is compiled for one number, and the compiler makes vector
//! instructions of the loop. In WebAssembly it is compiled for four: the worker is linked for size, and there no loop
//! becomes vector instructions by itself (see `Cargo.toml`).

/// One number, or several that go the same way.
pub trait Lanes: Copy {
    /// The same number in every lane.
    fn splat(value: f32) -> Self;
    /// a + b.
    fn add(self, other: Self) -> Self;
    /// a − b.
    fn sub(self, other: Self) -> Self;
    /// a · b.
    fn mul(self, other: Self) -> Self;
    /// a / b.
    fn div(self, other: Self) -> Self;
    /// The greater; `floor` for NaN.
    fn at_least(self, floor: Self) -> Self;
    /// The lesser; `ceiling` for NaN.
    fn at_most(self, ceiling: Self) -> Self;
    /// 2ⁿ, for numbers `n + from` whose lowest bits are those of n, a whole number from −126 to 127.
    fn power_of_two(self, from: Self) -> Self;
    /// Itself, or nought where it is less than `least`.
    fn or_nought(self, least: Self) -> Self;
}

impl Lanes for f32 {
    #[inline(always)]
    fn splat(value: f32) -> Self {
        value
    }

    #[inline(always)]
    fn add(self, other: Self) -> Self {
        self + other
    }

    #[inline(always)]
    fn sub(self, other: Self) -> Self {
        self - other
    }

    #[inline(always)]
    fn mul(self, other: Self) -> Self {
        self * other
    }

    #[inline(always)]
    fn div(self, other: Self) -> Self {
        self / other
    }

    #[inline(always)]
    fn at_least(self, floor: Self) -> Self {
        if self > floor { self } else { floor }
    }

    #[inline(always)]
    fn at_most(self, ceiling: Self) -> Self {
        if self < ceiling { self } else { ceiling }
    }

    #[inline(always)]
    fn power_of_two(self, from: Self) -> Self {
        // n moves into the exponent, whose bias is 127.
        Self::from_bits(self.to_bits().wrapping_sub(from.to_bits()).wrapping_add(127) << 23)
    }

    #[inline(always)]
    fn or_nought(self, least: Self) -> Self {
        if self < least { 0.0 } else { self }
    }
}

/// A function of one number and N others beside it.
pub trait Function<const N: usize> {
    /// Its value, lane by lane.
    fn of<L: Lanes>(&self, x: L, others: [L; N]) -> L;
}

/// x·scale.
pub struct Times {
    /// The factor.
    pub scale: f32,
}

impl Function<0> for Times {
    #[inline(always)]
    fn of<L: Lanes>(&self, x: L, _: [L; 0]) -> L {
        x.mul(L::splat(self.scale))
    }
}

#[cfg(target_arch = "wasm32")]
pub use wasm::{dot, greatest, load, store, zip};

#[cfg(not(target_arch = "wasm32"))]
pub use native::{dot, greatest, zip};

/// The sum of all entries.
#[inline(always)]
pub fn total(a: &[f32]) -> f32 {
    dot(a, None)
}

#[cfg(not(target_arch = "wasm32"))]
mod native {
    use super::Function;

    /// The order of additions is not the compiler's to change, so sums go over several lanes.
    const LANES: usize = 8;

    /// Replaces every entry of `into` by `function` of it and the entries of `others` in its place.
    #[inline(always)]
    pub fn zip<const N: usize>(into: &mut [f32], others: [&[f32]; N], function: &impl Function<N>) {
        let length = others.iter().map(|other| other.len()).fold(into.len(), usize::min);
        let others = others.map(|other| &other[..length]);
        for (index, x) in into[..length].iter_mut().enumerate() {
            *x = function.of(*x, others.map(|other| other[index]));
        }
    }

    /// Σ a·b, or Σ a where there is no b.
    #[inline(always)]
    pub fn dot(a: &[f32], b: Option<&[f32]>) -> f32 {
        let mut sums = [0.0_f32; LANES];
        let chunks = a.chunks_exact(LANES);
        match b {
            Some(b) => {
                let others = b.chunks_exact(LANES);
                let rest: f32 = chunks.remainder().iter().zip(others.remainder()).map(|(a, b)| a * b).sum();
                for (a, b) in chunks.zip(others) {
                    sums.iter_mut().zip(a).zip(b).for_each(|((sum, a), b)| *sum += a * b);
                }
                sums.iter().sum::<f32>() + rest
            }
            None => {
                let rest: f32 = chunks.remainder().iter().sum();
                for a in chunks {
                    sums.iter_mut().zip(a).for_each(|(sum, a)| *sum += a);
                }
                sums.iter().sum::<f32>() + rest
            }
        }
    }

    /// The greatest entry.
    #[inline(always)]
    pub fn greatest(a: &[f32]) -> f32 {
        let mut greatest = [f32::NEG_INFINITY; LANES];
        let chunks = a.chunks_exact(LANES);
        let rest = chunks.remainder().iter().copied().fold(f32::NEG_INFINITY, f32::max);
        for chunk in chunks {
            for (greatest, value) in greatest.iter_mut().zip(chunk) {
                *greatest = if *value > *greatest { *value } else { *greatest };
            }
        }
        greatest.into_iter().fold(rest, f32::max)
    }
}

#[cfg(target_arch = "wasm32")]
mod wasm {
    use std::arch::wasm32::{
        f32x4_add, f32x4_div, f32x4_lt, f32x4_mul, f32x4_pmax, f32x4_pmin, f32x4_splat, f32x4_sub, i32x4_add,
        i32x4_shl, i32x4_splat, i32x4_sub, v128, v128_andnot, v128_load, v128_store,
    };

    use super::{Function, Lanes};

    impl Lanes for v128 {
        #[inline(always)]
        fn splat(value: f32) -> Self {
            f32x4_splat(value)
        }

        #[inline(always)]
        fn add(self, other: Self) -> Self {
            f32x4_add(self, other)
        }

        #[inline(always)]
        fn sub(self, other: Self) -> Self {
            f32x4_sub(self, other)
        }

        #[inline(always)]
        fn mul(self, other: Self) -> Self {
            f32x4_mul(self, other)
        }

        #[inline(always)]
        fn div(self, other: Self) -> Self {
            f32x4_div(self, other)
        }

        #[inline(always)]
        fn at_least(self, floor: Self) -> Self {
            // b where a < b, else a: `floor` for NaN.
            f32x4_pmax(floor, self)
        }

        #[inline(always)]
        fn at_most(self, ceiling: Self) -> Self {
            f32x4_pmin(ceiling, self)
        }

        #[inline(always)]
        fn power_of_two(self, from: Self) -> Self {
            i32x4_shl(i32x4_add(i32x4_sub(self, from), i32x4_splat(127)), 23)
        }

        #[inline(always)]
        fn or_nought(self, least: Self) -> Self {
            v128_andnot(self, f32x4_lt(self, least))
        }
    }

    /// Four numbers.
    #[inline(always)]
    pub fn load(values: &[f32; 4]) -> v128 {
        // SAFETY: four numbers are sixteen bytes, and nothing has to be aligned.
        unsafe { v128_load(values.as_ptr().cast()) }
    }

    /// Puts four numbers down.
    #[inline(always)]
    pub fn store(values: &mut [f32; 4], lanes: v128) {
        // SAFETY: as in `load`.
        unsafe { v128_store(values.as_mut_ptr().cast(), lanes) }
    }

    fn lanes(four: v128) -> [f32; 4] {
        let mut values = [0.0; 4];
        store(&mut values, four);
        values
    }

    /// Replaces every entry of `into` by `function` of it and the entries of `others` in its place.
    #[inline(always)]
    pub fn zip<const N: usize>(into: &mut [f32], others: [&[f32]; N], function: &impl Function<N>) {
        let length = others.iter().map(|other| other.len()).fold(into.len(), usize::min);
        let others = others.map(|other| other[..length].as_chunks::<4>());
        let (chunks, rest) = into[..length].as_chunks_mut::<4>();
        for (index, chunk) in chunks.iter_mut().enumerate() {
            let value = function.of(load(chunk), others.map(|(chunks, _)| load(&chunks[index])));
            store(chunk, value);
        }
        for (index, x) in rest.iter_mut().enumerate() {
            *x = function.of(*x, others.map(|(_, rest)| rest[index]));
        }
    }

    /// Σ a·b, or Σ a where there is no b.
    #[inline(always)]
    pub fn dot(a: &[f32], b: Option<&[f32]>) -> f32 {
        let (chunks, rest) = a.as_chunks::<4>();
        let mut sum = f32x4_splat(0.0);
        let rest: f32 = match b.map(<[f32]>::as_chunks::<4>) {
            Some((others, others_rest)) => {
                for (a, b) in chunks.iter().zip(others) {
                    sum = f32x4_add(sum, f32x4_mul(load(a), load(b)));
                }
                rest.iter().zip(others_rest).map(|(a, b)| a * b).sum()
            }
            None => {
                chunks.iter().for_each(|a| sum = f32x4_add(sum, load(a)));
                rest.iter().sum()
            }
        };
        lanes(sum).iter().sum::<f32>() + rest
    }

    /// The greatest entry.
    #[inline(always)]
    pub fn greatest(a: &[f32]) -> f32 {
        let (chunks, rest) = a.as_chunks::<4>();
        let mut greatest = f32x4_splat(f32::NEG_INFINITY);
        chunks.iter().for_each(|a| greatest = load(a).at_least(greatest));
        lanes(greatest).into_iter().chain(rest.iter().copied()).fold(f32::NEG_INFINITY, f32::max)
    }
}
