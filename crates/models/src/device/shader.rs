//! The kernels, in cubecl's Rust. A unit computes four columns of a few rows (forward), or eight columns of them (back).

use burn_cubecl::cubecl;
use burn_cubecl::cubecl::prelude::*;

/// Four numbers that lie together.
type Four<T> = Vector<T, Const<4>>;

/// How weights are coded in words of 32 bits.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Coding {
    /// quant · scale + offset, eight quants a word.
    Four,
    /// quant · scale + offset, four quants a word.
    Eight,
    /// Two half-precision numbers a word.
    F16,
    /// The upper halves of two singles a word.
    Bf16,
    /// A single.
    Single,
}

impl Coding {
    /// Numbers of a word.
    pub const fn per_word(self) -> usize {
        match self {
            Self::Four => 8,
            Self::Eight => 4,
            Self::F16 | Self::Bf16 => 2,
            Self::Single => 1,
        }
    }

    /// Whether there are scales and offsets.
    pub const fn is_affine(self) -> bool {
        matches!(self, Self::Four | Self::Eight)
    }
}

/// What a kernel is compiled for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Form {
    /// How the weight is coded.
    pub coding: Coding,
    /// Rows of a unit.
    pub rows: usize,
    /// Whether row `i` of the weight is multiplied with `fold[i]`.
    pub folded: bool,
    /// Whether there is a bias.
    pub biased: bool,
}

/// Rows of a weight that are gone through at a time.
pub const STEP: usize = 8;
/// Rows of a weight that share a scale and an offset.
const GROUP: usize = headlight_weights::PACKED_GROUP;

/// The number at `place` of each of four words, before any scale.
#[cube]
fn number(words: Four<u32>, #[comptime] place: usize, #[comptime] coding: Coding) -> Four<f32> {
    match coding {
        Coding::Four => {
            let shift = comptime!(place as u32 * 4);
            Four::<f32>::cast_from((words >> Four::<u32>::new(shift)) & Four::<u32>::new(15))
        }
        Coding::Eight => {
            let shift = comptime!(place as u32 * 8);
            Four::<f32>::cast_from((words >> Four::<u32>::new(shift)) & Four::<u32>::new(255))
        }
        Coding::F16 => {
            let shift = comptime!(place as u32 * 16);
            let bits = (words >> Four::<u32>::new(shift)) & Four::<u32>::new(0xFFFF);
            // A processor may take subnormal singles for nought, so subnormal halves go another way than by their bits.
            let mantissa = bits & Four::<u32>::new(0x03FF);
            let exponent = (bits >> Four::<u32>::new(10)) & Four::<u32>::new(31);
            let normal = ((bits & Four::<u32>::new(0x7FFF)) << Four::<u32>::new(13)) + Four::<u32>::new(0x3800_0000);
            let is_normal = Four::<f32>::cast_from((exponent + Four::<u32>::new(31)) >> Four::<u32>::new(5));
            let sign =
                Four::<f32>::new(1.0) - Four::<f32>::cast_from(bits >> Four::<u32>::new(15)) * Four::<f32>::new(2.0);
            let subnormal = Four::<f32>::cast_from(mantissa) * Four::<f32>::new(5.960_464_5e-8);
            let magnitude =
                Four::<f32>::reinterpret(normal) * is_normal + subnormal * (Four::<f32>::new(1.0) - is_normal);
            magnitude * sign
        }
        Coding::Bf16 => {
            let shift = comptime!(place as u32 * 16);
            let bits = (words >> Four::<u32>::new(shift)) & Four::<u32>::new(0xFFFF);
            Four::<f32>::reinterpret(bits << Four::<u32>::new(16))
        }
        Coding::Single => Four::<f32>::reinterpret(words),
    }
}

/// Input times weight: `[row, in]` to `[row, out]`.
///
/// `input` in fours of columns; `words` `[in / numbers of a word, out]`, `scales` and `offsets` `[in / 32, out]`, `bias`
/// `[out]` and `output` `[row, out]` likewise; `fold` `[in]`.
#[cube(launch_unchecked)]
pub fn forward(
    input: &[Four<f32>],
    words: &[Four<u32>],
    scales: &[Four<f32>],
    offsets: &[Four<f32>],
    fold: &[f32],
    bias: &[Four<f32>],
    output: &mut [Four<f32>],
    rows: usize,
    width: usize,
    columns: usize,
    #[comptime] form: Form,
) {
    let column = ABSOLUTE_POS_X as usize;
    let first = ABSOLUTE_POS_Y as usize * form.rows;
    if column >= columns || first >= rows {
        terminate!();
    }
    let mut sums = Array::<Four<f32>>::new(form.rows);
    let mut starts = Array::<usize>::new(form.rows);
    #[unroll]
    for r in 0..form.rows {
        sums[r] = if comptime!(form.biased) { bias[column] } else { Four::<f32>::new(0.0) };
        // Rows beyond the last are computed as the last, and not written.
        starts[r] = usize::min(first + r, rows - 1) * (width / 4);
    }
    let per = comptime!(form.coding.per_word());
    for step in 0..width / STEP {
        let group = step / comptime!(GROUP / STEP) * columns + column;
        let mut scale = Four::<f32>::new(1.0);
        let mut offset = Four::<f32>::new(0.0);
        if comptime!(form.coding.is_affine()) {
            scale = scales[group];
            offset = offsets[group];
        }
        let mut inputs = Array::<Four<f32>>::new(form.rows);
        let mut word = Four::<u32>::new(0);
        #[unroll]
        for k in 0..STEP {
            if comptime!(k % 4 == 0) {
                #[unroll]
                for r in 0..form.rows {
                    inputs[r] = input[starts[r] + step * comptime!(STEP / 4) + comptime!(k / 4)];
                }
            }
            if comptime!(k % per == 0) {
                word = words[(step * comptime!(STEP / per) + comptime!(k / per)) * columns + column];
            }
            let mut weight = number(word, comptime!(k % per), form.coding);
            if comptime!(form.coding.is_affine()) {
                weight = weight * scale + offset;
            }
            if comptime!(form.folded) {
                weight *= Four::<f32>::new(fold[step * STEP + k]);
            }
            #[unroll]
            for r in 0..form.rows {
                sums[r] += weight * Four::<f32>::new(inputs[r].extract(comptime!(k % 4)));
            }
        }
    }
    #[unroll]
    for r in 0..form.rows {
        if first + r < rows {
            output[(first + r) * columns + column] = sums[r];
        }
    }
}

/// A gradient at the product, `[row, out]`, back to the input, `[row, in]`; the rest as in [`forward`]. The third dimension
/// goes through pieces of the columns, `piece` fours long, and `output` is `[piece, row, in]`.
#[cube(launch_unchecked)]
pub fn back(
    gradient: &[Four<f32>],
    words: &[Four<u32>],
    scales: &[Four<f32>],
    offsets: &[Four<f32>],
    fold: &[f32],
    output: &mut [f32],
    rows: usize,
    width: usize,
    columns: usize,
    piece: usize,
    #[comptime] form: Form,
) {
    let step = ABSOLUTE_POS_X as usize;
    let first = ABSOLUTE_POS_Y as usize * form.rows;
    if step >= width / STEP || first >= rows {
        terminate!();
    }
    let per = comptime!(form.coding.per_word());
    let mut sums = Array::<f32>::new(comptime!(form.rows * STEP));
    let mut starts = Array::<usize>::new(form.rows);
    #[unroll]
    for r in 0..form.rows {
        starts[r] = usize::min(first + r, rows - 1) * columns;
        #[unroll]
        for k in 0..STEP {
            sums[comptime!(r * STEP + k)] = 0.0;
        }
    }
    let group = step / comptime!(GROUP / STEP) * columns;
    let word_row = step * comptime!(STEP / per) * columns;
    let start = ABSOLUTE_POS_Z as usize * piece;
    let result = ABSOLUTE_POS_Z as usize * rows;
    for column in start..usize::min(start + piece, columns) {
        let mut gradients = Array::<Four<f32>>::new(form.rows);
        #[unroll]
        for r in 0..form.rows {
            gradients[r] = gradient[starts[r] + column];
        }
        let mut scale = Four::<f32>::new(1.0);
        let mut offset = Four::<f32>::new(0.0);
        if comptime!(form.coding.is_affine()) {
            scale = scales[group + column];
            offset = offsets[group + column];
        }
        let mut word = Four::<u32>::new(0);
        #[unroll]
        for k in 0..STEP {
            if comptime!(k % per == 0) {
                word = words[word_row + comptime!(k / per) * columns + column];
            }
            let mut weight = number(word, comptime!(k % per), form.coding);
            if comptime!(form.coding.is_affine()) {
                weight = weight * scale + offset;
            }
            #[unroll]
            for r in 0..form.rows {
                let product = weight * gradients[r];
                sums[comptime!(r * STEP + k)] += product.extract(0usize)
                    + product.extract(1usize)
                    + product.extract(2usize)
                    + product.extract(3usize);
            }
        }
    }
    #[unroll]
    for r in 0..form.rows {
        if first + r < rows {
            #[unroll]
            for k in 0..STEP {
                let at = step * STEP + k;
                let mut sum = sums[comptime!(r * STEP + k)];
                if comptime!(form.folded) {
                    sum *= fold[at];
                }
                output[(result + first + r) * width + at] = sum;
            }
        }
    }
}

/// The columns `ids` of a weight as rows, `[id, in]`. A unit computes eight numbers of one.
#[cube(launch_unchecked)]
pub fn gather(
    ids: &[i32],
    words: &[u32],
    scales: &[f32],
    offsets: &[f32],
    output: &mut [f32],
    count: usize,
    width: usize,
    columns: usize,
    #[comptime] coding: Coding,
) {
    let step = ABSOLUTE_POS_X as usize;
    let row = ABSOLUTE_POS_Y as usize;
    if step >= width / STEP || row >= count {
        terminate!();
    }
    let per = comptime!(coding.per_word());
    let column = usize::min(usize::cast_from(ids[row]), columns - 1);
    let group = step / comptime!(GROUP / STEP) * columns + column;
    let mut scale = 1.0f32;
    let mut offset = 0.0f32;
    if comptime!(coding.is_affine()) {
        scale = scales[group];
        offset = offsets[group];
    }
    #[unroll]
    for k in 0..STEP {
        let word = words[(step * comptime!(STEP / per) + comptime!(k / per)) * columns + column];
        let mut value = number(Four::<u32>::new(word), comptime!(k % per), coding).extract(0usize);
        if comptime!(coding.is_affine()) {
            value = value * scale + offset;
        }
        output[row * width + step * STEP + k] = value;
    }
}
