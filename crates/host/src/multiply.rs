//! The product of two matrices in memory.
//!
//! Natively the `gemm` crate multiplies, as it does for burn's own products on the CPU. In WebAssembly its blocks need
//! more registers than browsers have for vectors, and it spends much of its time on putting them aside; blocks of four
//! rows and eight columns fit, and are three to four times as fast.

#[cfg(not(target_arch = "wasm32"))]
use native as target;
#[cfg(target_arch = "wasm32")]
use wasm as target;

use crate::summing::Summing;

/// A matrix in memory, by how far apart its neighbours are.
#[derive(Clone, Copy)]
pub struct View<'a> {
    /// Where its entries lie.
    pub values: &'a [f32],
    /// From a row to the next.
    pub row: usize,
    /// From a column to the next.
    pub column: usize,
}

impl View<'_> {
    /// What lies from an entry on: nothing where there is no such entry.
    #[cfg(not(target_arch = "wasm32"))]
    fn onward(self, entry: usize) -> Self {
        Self { values: self.values.get(entry..).unwrap_or_default(), ..self }
    }

    /// Whether every entry of a matrix of this size lies within.
    fn holds(&self, rows: usize, columns: usize) -> bool {
        let last = rows.saturating_sub(1) * self.row + columns.saturating_sub(1) * self.column;
        rows == 0 || columns == 0 || last < self.values.len()
    }
}

/// Writes, or where `add` is set adds, a·b to `into`, whose neighbours are `row` and `column` apart: `[m, k]·[k, n]`.
/// Nothing where a matrix is not as large as its size says.
///
/// In WebAssembly `summing` is not heard: a block goes on from what is there already, and parts would be that sum still.
pub fn multiply(
    [m, k, n]: [usize; 3],
    a: View<'_>,
    b: View<'_>,
    into: &mut [f32],
    [row, column]: [usize; 2],
    add: bool,
    summing: Summing,
) {
    let result = View { values: &*into, row, column };
    if a.holds(m, k) && b.holds(k, n) && result.holds(m, n) {
        target::multiply([m, k, n], a, b, into, [row, column], add, summing);
    }
}

#[cfg(not(target_arch = "wasm32"))]
mod native {
    use gemm::{Parallelism, gemm};

    use super::View;
    use crate::summing::Summing;

    /// Terms of a part. Of sums of 576 or 1536 terms that loses a third of what one sum loses; twice as many lose up to a fifth
    /// more, and half as many take a fifth longer.
    const PART: usize = 32;

    /// [`super::multiply`], of matrices that hold what they should.
    pub fn multiply(
        sizes: [usize; 3],
        a: View<'_>,
        b: View<'_>,
        into: &mut [f32],
        strides: [usize; 2],
        add: bool,
        summing: Summing,
    ) {
        let [m, k, n] = sizes;
        match summing {
            Summing::Whole => whole(sizes, a, b, into, strides, add),
            Summing::InParts => {
                for from in (0..k.max(1)).step_by(PART) {
                    let [a, b] = [a.onward(from * a.column), b.onward(from * b.row)];
                    whole([m, PART.min(k - from), n], a, b, into, strides, add || from > 0);
                }
            }
        }
    }

    /// As [`multiply`], in one sum.
    fn whole([m, k, n]: [usize; 3], a: View<'_>, b: View<'_>, into: &mut [f32], [row, column]: [usize; 2], add: bool) {
        // SAFETY: every entry of the three matrices lies in its slice, the caller says; strides are not negative; `into` is
        // borrowed alone, so it overlaps with neither of the others.
        unsafe {
            gemm(
                m,
                n,
                k,
                into.as_mut_ptr(),
                column.cast_signed(),
                row.cast_signed(),
                add,
                a.values.as_ptr(),
                a.column.cast_signed(),
                a.row.cast_signed(),
                b.values.as_ptr(),
                b.column.cast_signed(),
                b.row.cast_signed(),
                1.0,
                1.0,
                false,
                false,
                false,
                Parallelism::None,
            );
        }
    }
}

#[cfg(target_arch = "wasm32")]
mod wasm {
    use std::arch::wasm32::{f32x4_add, f32x4_mul, f32x4_splat, v128, v128_load, v128_load32_splat, v128_store};
    use std::array::from_fn;

    use super::View;
    use crate::summing::Summing;

    /// Columns of a vector.
    const LANES: usize = 4;
    /// Rows and vectors of a block: eight sums, two vectors of b, one number of a and a product are twelve of the fifteen
    /// registers that V8 has for vectors on x86.
    const ROWS: usize = 4;
    const VECTORS: usize = 2;
    /// Steps that are taken at a time, so that what they read of b stays in the first cache.
    const STEPS: usize = 256;

    /// [`super::multiply`], of matrices that hold what they should.
    pub fn multiply(
        [m, k, n]: [usize; 3],
        a: View<'_>,
        b: View<'_>,
        into: &mut [f32],
        [row, column]: [usize; 2],
        add: bool,
        _: Summing,
    ) {
        if column == 1 {
            in_rows([m, k, n], a, b, into, row, add);
        } else if row == 1 {
            // The same turned.
            in_rows([n, k, m], turned(b), turned(a), into, column, add);
        } else {
            // Nobody asks for it.
            for at in 0..m * n {
                let (r, c) = (at / n, at % n);
                let terms =
                    (0..k).map(|step| a.values[r * a.row + step * a.column] * b.values[step * b.row + c * b.column]);
                let entry = &mut into[r * row + c * column];
                *entry = terms.sum::<f32>() + if add { *entry } else { 0.0 };
            }
        }
    }

    fn turned(view: View<'_>) -> View<'_> {
        View { row: view.column, column: view.row, ..view }
    }

    /// Where the result's columns are neighbours.
    fn in_rows([m, k, n]: [usize; 3], a: View<'_>, b: View<'_>, into: &mut [f32], row: usize, add: bool) {
        let (mut a_copy, mut b_copy) = (Vec::new(), Vec::new());
        let a = if a.column == 1 { a } else { rows_of(a, [m, k], k, &mut a_copy) };
        let whole = n.next_multiple_of(LANES);
        let b = if b.column == 1 && whole == n { b } else { rows_of(b, [k, n], whole, &mut b_copy) };
        if k == 0 && !add {
            (0..m).for_each(|r| into[r * row..][..n].fill(0.0));
        }
        for from in (0..k).step_by(STEPS) {
            let part = Part { a, b, from, steps: STEPS.min(k - from), add: add || from > 0, row };
            let mut at = 0;
            while at + LANES * VECTORS <= n {
                part.columns::<VECTORS>(m, at, into);
                at += LANES * VECTORS;
            }
            while at + LANES <= n {
                part.columns::<1>(m, at, into);
                at += LANES;
            }
            if at < n {
                part.last_columns(m, at, n, into);
            }
        }
    }

    /// A copy whose columns are neighbours, its rows `width` long, the rest of each nought.
    fn rows_of<'a>(view: View<'_>, [rows, columns]: [usize; 2], width: usize, copy: &'a mut Vec<f32>) -> View<'a> {
        copy.resize(rows * width, 0.0);
        for (r, into) in copy.chunks_exact_mut(width.max(1)).enumerate() {
            for (c, into) in into.iter_mut().take(columns).enumerate() {
                *into = view.values[r * view.row + c * view.column];
            }
        }
        View { values: copy, row: width, column: 1 }
    }

    /// Some steps of a product: columns of a, rows of b.
    struct Part<'a> {
        a: View<'a>,
        b: View<'a>,
        from: usize,
        steps: usize,
        add: bool,
        /// From a row of the result to the next.
        row: usize,
    }

    impl Part<'_> {
        /// All `m` rows of `C` vectors of columns, from column `at` on.
        fn columns<const C: usize>(&self, m: usize, at: usize, into: &mut [f32]) {
            let mut r = 0;
            while r + ROWS <= m {
                self.block::<ROWS, C>([r, at], &mut into[r * self.row + at..], self.row);
                r += ROWS;
            }
            while r < m {
                self.block::<1, C>([r, at], &mut into[r * self.row + at..], self.row);
                r += 1;
            }
        }

        /// All `m` rows of the columns from `at` on, which are fewer than a vector has, though b's rows are longer.
        fn last_columns(&self, m: usize, at: usize, n: usize, into: &mut [f32]) {
            let mut r = 0;
            while r < m {
                let rows = if r + ROWS <= m { ROWS } else { 1 };
                let mut results = [0.0; ROWS * LANES];
                let places = |i: usize| (r + i) * self.row + at..(r + i) * self.row + n;
                if self.add {
                    (0..rows).for_each(|i| results[i * LANES..][..n - at].copy_from_slice(&into[places(i)]));
                }
                if rows == ROWS {
                    self.block::<ROWS, 1>([r, at], &mut results, LANES);
                } else {
                    self.block::<1, 1>([r, at], &mut results, LANES);
                }
                (0..rows).for_each(|i| into[places(i)].copy_from_slice(&results[i * LANES..][..n - at]));
                r += rows;
            }
        }

        /// `R` rows of `C` vectors of columns of the result, from this row and column on, to `into`, whose rows are `row`
        /// apart.
        #[inline(always)]
        fn block<const R: usize, const C: usize>(&self, [r, c]: [usize; 2], into: &mut [f32], row: usize) {
            let (a_row, b_row) = (self.a.row, self.b.row);
            let a = &self.a.values[r * a_row + self.from..][..(R - 1) * a_row + self.steps];
            let b = &self.b.values[self.from * b_row + c..][..(self.steps - 1) * b_row + C * LANES];
            let into = &mut into[..(R - 1) * row + C * LANES];
            // SAFETY: what is read and written lies in the three slices, whose lengths were found just now; nothing has to
            // be aligned.
            unsafe {
                let into: [*mut v128; R] = from_fn(|r| into.as_mut_ptr().add(r * row).cast());
                let mut sums: [[v128; C]; R] = match self.add {
                    true => from_fn(|r| from_fn(|c| v128_load(into[r].add(c)))),
                    false => [[f32x4_splat(0.0); C]; R],
                };
                let mut a: [*const f32; R] = from_fn(|r| a.as_ptr().add(r * a_row));
                let mut b = b.as_ptr();
                for _ in 0..self.steps {
                    let vectors: [v128; C] = from_fn(|c| v128_load(b.cast::<v128>().add(c)));
                    for r in 0..R {
                        let number = v128_load32_splat(a[r].cast());
                        a[r] = a[r].wrapping_add(1);
                        for (sum, vector) in sums[r].iter_mut().zip(vectors) {
                            *sum = f32x4_add(*sum, f32x4_mul(number, vector));
                        }
                    }
                    b = b.wrapping_add(b_row);
                }
                for (into, sums) in into.into_iter().zip(sums) {
                    for (c, sum) in sums.into_iter().enumerate() {
                        v128_store(into.add(c), sum);
                    }
                }
            }
        }
    }
}
