//! The small random checkpoints of the families (`tests/golden/families`).

use std::fs::{File, read};

use burn::tensor::Device;
use headlight_models::{Config, Silent, Transformer, open};
use headlight_weights::SafetensorsFile;
use pollster::block_on;
use serde_json::Value;

fn path(name: &str, file: &str) -> String {
    format!("{}/../../tests/golden/families/{name}/{file}", env!("CARGO_MANIFEST_DIR"))
}

/// A checkpoint, with the values of its configuration that one head is described with.
pub fn opened(folder: &str, head: Option<&str>) -> Box<dyn Transformer> {
    let mut values: Value = serde_json::from_slice(&read(path(folder, "config.json")).unwrap()).unwrap();
    if let Some(head) = head {
        let families: Value = serde_json::from_slice(&read(path(folder, "golden.json")).unwrap()).unwrap();
        for (key, value) in families["heads"][head]["config"].as_object().unwrap() {
            values[key] = value.clone();
        }
    }
    let config = Config::from_json(&serde_json::to_vec(&values).unwrap()).unwrap();
    let mut file = SafetensorsFile::open(File::open(path(folder, "model.safetensors")).unwrap()).unwrap();
    block_on(open(&config, &mut file, &Device::flex(), &Silent)).unwrap()
}
