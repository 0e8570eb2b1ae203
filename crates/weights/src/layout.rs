//! The checks that every format shares: sizes that add up, and ranges that stay apart.

use crate::{Dtype, WeightsError, limits};

/// Turns a claimed shape into this machine's sizes and says how many bytes it takes in the file.
///
/// Holds for shape and format together: at most four dimensions, no overflow (of the values as `f32` in memory
/// either), and whole blocks in every row.
pub(crate) fn sized(name: &str, shape: &[u64], dtype: Dtype) -> Result<(Vec<usize>, u64), WeightsError> {
    if shape.len() > limits::DIMENSIONS {
        return Err(WeightsError::TooManyDimensions { name: name.to_owned(), dimensions: shape.len() as u64 });
    }
    let overflow = || WeightsError::SizeOverflow { name: name.to_owned(), shape: shape.to_vec() };

    let row = shape.last().copied().unwrap_or(1);
    let block = dtype.block_values();
    if !row.is_multiple_of(block) {
        return Err(WeightsError::PartialBlock { name: name.to_owned(), row, dtype, block });
    }

    // A zero anywhere makes the product small whatever stands beside it, so the sizes are multiplied without zeros.
    let product = shape.iter().try_fold(1_u64, |product, size| product.checked_mul(*size.max(&1)));
    let in_memory = product.and_then(|product| product.checked_mul(size_of::<f32>() as u64)).ok_or_else(overflow)?;
    isize::try_from(in_memory).map_err(|_| overflow())?;
    let sizes =
        shape.iter().map(|size| usize::try_from(*size)).collect::<Result<Vec<_>, _>>().map_err(|_| overflow())?;

    let elements: u64 = shape.iter().product();
    let bytes = (elements / block).checked_mul(dtype.block_bytes()).ok_or_else(overflow)?;
    Ok((sizes, bytes))
}

/// A tensor's claimed byte range, counted from the start of the data.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Extent<'a> {
    pub(crate) name: &'a str,
    pub(crate) begin: u64,
    pub(crate) end: u64,
}

/// Refuses ranges outside `available` bytes and ranges that share a byte. Returns them sorted.
pub(crate) fn apart(mut extents: Vec<Extent<'_>>, available: u64) -> Result<Vec<Extent<'_>>, WeightsError> {
    for extent in &extents {
        if extent.begin > extent.end || extent.end > available {
            return Err(WeightsError::OutOfRange {
                name: extent.name.to_owned(),
                begin: extent.begin,
                end: extent.end,
                available,
            });
        }
    }
    extents.sort_by_key(|extent| (extent.begin, extent.end));
    let mut last: Option<Extent<'_>> = None;
    for extent in &extents {
        if let Some(last) = last
            && extent.begin < last.end
            && extent.begin < extent.end
        {
            return Err(WeightsError::Overlap { first: last.name.to_owned(), second: extent.name.to_owned() });
        }
        if extent.begin < extent.end {
            last = Some(*extent);
        }
    }
    Ok(extents)
}
