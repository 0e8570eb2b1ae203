//! The same reading in wasm, where sizes are 32 bits wide.
//!
//! Without the standard test harness: a wasm standard library built from source has none, and the tests' runner
//! doesn't need it.
#![cfg_attr(target_arch = "wasm32", no_main)]
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a panic is how a test fails")]

#[cfg(target_arch = "wasm32")]
mod support;

#[cfg(target_arch = "wasm32")]
mod tests {
    use std::io::Cursor;

    use crate::support::marian::whole_marian;
    use crate::support::{Gguf, onnx, read_all, whole_gguf, whole_safetensors};
    use headlight_weights::{Chunks, GgufFile, SafetensorsFile, TensorSource, WeightsError};
    use wasm_bindgen_test::wasm_bindgen_test;

    #[wasm_bindgen_test]
    fn a_crafted_gguf_is_read_from_pieces() {
        let pieces: Vec<Vec<u8>> = whole_gguf().build().chunks(50).map(<[u8]>::to_vec).collect();
        let mut file = GgufFile::open(Chunks::from(pieces)).unwrap();
        assert_eq!(file.metadata().strings("tokenizer.ggml.tokens").unwrap()[1], "Ġb");
        assert_eq!(file.read("f32").unwrap().values, [1.0, -2.5, 3.0e-3, 0.0, 5.0, 6.0]);
        assert_eq!(read_all(&mut file).unwrap().len(), 6);
    }

    #[wasm_bindgen_test]
    fn a_truncated_gguf_is_an_error() {
        let bytes = whole_gguf().build();
        for length in 0..bytes.len() {
            assert!(GgufFile::open(Cursor::new(bytes[..length].to_vec())).is_err(), "cut to {length} bytes");
        }
    }

    #[wasm_bindgen_test]
    fn sizes_over_32_bits_are_an_error() {
        let error = Gguf::default().tensor("w", &[1 << 31, 1], 0, 0).data([0; 8]).open().unwrap_err();
        assert!(matches!(error, WeightsError::SizeOverflow { .. }), "{error:?}");
    }

    #[wasm_bindgen_test]
    fn a_crafted_safetensors_is_read() {
        let mut file = SafetensorsFile::open(Cursor::new(whole_safetensors())).unwrap();
        assert_eq!(file.read("half").unwrap().values, [1.0, -2.0]);
    }

    #[wasm_bindgen_test]
    fn a_crafted_marian_model_is_read() {
        let mut file = whole_marian().open().unwrap();
        assert_eq!(file.read("encoder_l1_self_Wq").unwrap().values, [2.0, 6.0, 10.0, 4.0, 8.0, 12.0]);
        assert_eq!(file.config(), Some("transformer-heads"));
    }

    #[wasm_bindgen_test]
    fn a_crafted_onnx_model_is_read() {
        let mut file = onnx::open(&onnx::whole_onnx()).unwrap();
        assert_eq!(file.read("layer.0.dense.weight").unwrap().values[..4], [-4.0, -4.0, -3.5, -4.0]);
        assert_eq!(file.read("words").unwrap().values, [-32.0, -31.75, -31.5, 31.25, 31.5, 31.75]);
    }
}

#[cfg(not(target_arch = "wasm32"))]
fn main() {}
