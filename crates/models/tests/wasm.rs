//! The kernels of the CPU in wasm, where their loops are written out in vectors.
//!
//! Without the standard test harness: a wasm standard library built from source has none, and the tests' runner
//! doesn't need it.
#![cfg_attr(target_arch = "wasm32", no_main)]
#![allow(clippy::unwrap_used, reason = "a panic is how a test fails")]

#[cfg(target_arch = "wasm32")]
mod support;

#[cfg(target_arch = "wasm32")]
mod tests {
    use crate::support::off;
    use burn::tensor::Device;
    use headlight_models::run::run;
    use headlight_models::{Batch, Capture, Point, Silent, tiny};
    use serde_json::Value;
    use wasm_bindgen_test::wasm_bindgen_test;

    #[wasm_bindgen_test]
    async fn packed_weights_give_what_plain_ones_do() {
        let off = off().await;
        assert!(off < 1e-6, "{off}");
    }

    #[wasm_bindgen_test]
    async fn attention_is_pytorchs() {
        let device = Device::flex();
        for (model, golden) in [
            (tiny::llama(&device).await.unwrap(), include_str!("../../../tests/golden/tiny/llama.json")),
            (tiny::bert(&device).await.unwrap(), include_str!("../../../tests/golden/tiny/bert.json")),
        ] {
            let golden: Value = serde_json::from_str(golden).unwrap();
            for case in golden["cases"].as_array().unwrap() {
                let numbers = |values: &Value| -> Vec<f64> {
                    values.as_array().unwrap().iter().map(|value| value.as_f64().unwrap()).collect()
                };
                let ids: Vec<u32> = numbers(&case["ids"]).into_iter().map(|id| id as u32).collect();
                let embeddings = model.embed(&Batch::one(&ids));
                let run = run(model.as_ref(), embeddings, Capture::of(Point::ALL), &Silent).await.unwrap();
                let patterns = run.captures.patterns().flat_map(|p| p.into_data().try_into_vec::<f32>().unwrap());
                let found: Vec<f64> = patterns.map(f64::from).collect();
                let expected = numbers(&case["attention"]["values"]);
                assert_eq!(found.len(), expected.len());
                let worst = found.iter().zip(&expected).map(|(a, b)| (a - b).abs()).fold(0.0, f64::max);
                assert!(worst < 1e-5, "{worst}");
            }
        }
    }
}

#[cfg(not(target_arch = "wasm32"))]
fn main() {}
