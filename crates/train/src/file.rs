//! Writing safetensors files in half precision (<https://github.com/huggingface/safetensors>).

use std::collections::BTreeMap;

use serde_json::{Map, Value, json};

/// A tensor with its name.
#[derive(Clone, Debug, PartialEq)]
pub struct NamedTensor {
    /// Its name in the file.
    pub name: String,
    /// Row-major, outermost dimension first.
    pub shape: Vec<usize>,
    /// As many values as the product of `shape`.
    pub values: Vec<f32>,
}

/// The bytes of a file with `tensors`, sorted by name and rounded to half precision, and with `metadata`.
#[must_use]
pub fn half_precision(tensors: &[NamedTensor], metadata: &BTreeMap<String, String>) -> Vec<u8> {
    let mut sorted: Vec<_> = tensors.iter().collect();
    sorted.sort_by(|a, b| a.name.cmp(&b.name));
    let mut header = Map::new();
    header.insert("__metadata__".to_owned(), json!(metadata));
    let mut data = Vec::new();
    for tensor in sorted {
        let begin = data.len();
        data.extend(tensor.values.iter().flat_map(|value| half(*value).to_le_bytes()));
        let entry = json!({"dtype": "F16", "shape": tensor.shape, "data_offsets": [begin, data.len()]});
        header.insert(tensor.name.clone(), entry);
    }
    let mut header = Value::Object(header).to_string().into_bytes();
    header.resize(header.len().next_multiple_of(8), b' ');
    let mut file = (header.len() as u64).to_le_bytes().to_vec();
    file.extend(header);
    file.extend(data);
    file
}

/// The nearest number of half precision, as IEEE 754's bits: halves to even, and beyond its range infinity.
fn half(value: f32) -> u16 {
    let bits = value.to_bits();
    let sign = (bits >> 16 & 0x8000) as u16;
    let magnitude = bits & 0x7fff_ffff;
    if magnitude > 0x7f80_0000 {
        return sign | 0x7e00;
    }
    if magnitude >= 0x477f_f000 {
        return sign | 0x7c00;
    }
    if magnitude < 0x3880_0000 {
        // Below the smallest normal number, in steps of 2⁻²⁴: adding ½ leaves the count in the lowest bits, rounded.
        let count = (f32::from_bits(magnitude) + 0.5).to_bits() - 0.5_f32.to_bits();
        return sign | count as u16;
    }
    let rounded = magnitude + 0xfff + (magnitude >> 13 & 1);
    sign | ((rounded >> 13) - (112 << 10)) as u16
}

#[cfg(test)]
mod tests {
    use std::io::Cursor;

    use burn::tensor::f16;
    use headlight_weights::{SafetensorsFile, TensorSource};

    use super::*;

    #[test]
    fn rounding_is_that_of_the_half_crate() {
        let mut value = 1e-9_f32;
        while value < 1e6 {
            for value in [value, -value, 0.0, 1.0, 65504.0, 65519.99, 65520.0, f32::INFINITY] {
                assert_eq!(half(value), f16::from_f32(value).to_bits(), "{value}");
            }
            value *= 1.000_37;
        }
        for bits in 0..=0x7c00_u16 {
            let exact = f16::from_bits(bits).to_f32();
            assert_eq!(half(exact), bits);
            // Half way to the next: to even.
            let next = f16::from_bits(bits.saturating_add(1)).to_f32();
            if next.is_finite() {
                let middle = exact + (next - exact) / 2.0;
                assert_eq!(half(middle), f16::from_f32(middle).to_bits(), "{middle}");
            }
        }
        assert!(f16::from_bits(half(f32::NAN)).is_nan());
    }

    #[test]
    fn a_file_reads_back() {
        let tensors = [
            NamedTensor { name: "b".to_owned(), shape: vec![2, 3], values: vec![0.5, -1.0, 2.0, 0.25, 3.0, -0.125] },
            NamedTensor { name: "a".to_owned(), shape: vec![1], values: vec![1.0 / 3.0] },
        ];
        let metadata = BTreeMap::from([("format".to_owned(), "pt".to_owned())]);
        let file = half_precision(&tensors, &metadata);
        let mut read = SafetensorsFile::open(Cursor::new(file)).unwrap();
        assert_eq!(read.metadata(), &metadata);
        assert_eq!(read.read("b").unwrap().values, tensors[0].values);
        assert_eq!(read.read("b").unwrap().shape, tensors[0].shape);
        assert!((read.read("a").unwrap().values[0] - 1.0 / 3.0).abs() < 1e-4);
    }
}
