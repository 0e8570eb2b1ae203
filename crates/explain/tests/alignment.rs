//! The head that Marian's "tiny" models were trained to align words with, head 0 of their second decoder layer, is the one
//! that aligns best by the committed attention of twelve texts.

use std::fs;

use burn::tensor::Device;
use headlight_explain::attention::{Counted, Maps, summarise};
use serde_json::Value;

#[test]
fn the_head_that_marian_was_trained_to_align_with_is_found() {
    let golden = concat!(env!("CARGO_MANIFEST_DIR"), "/../../tests/golden/");
    let mut texts = 0;
    for folder in ["marian-enpt", "marian-pten"] {
        for file in fs::read_dir(format!("{golden}{folder}")).unwrap() {
            let stored: Value = serde_json::from_str(&fs::read_to_string(file.unwrap().path()).unwrap()).unwrap();
            let cross = &stored["attention"]["cross"];
            if cross.is_null() {
                continue;
            }
            let [layers, heads, rows, columns] =
                ["layers", "heads", "rows", "columns"].map(|name| cross[name].as_u64().unwrap() as usize);
            let values = cross["values"].as_array().unwrap().iter().map(|value| value.as_f64().unwrap() as f32);
            let maps = Maps::from_values(&values.collect::<Vec<_>>(), [layers, heads, rows, columns], &Device::flex());
            // Both texts end in `</s>`.
            let but_last = |count: usize| (0..count).map(|at| at + 1 < count).collect::<Vec<_>>();
            let counted = Counted { queries: &but_last(rows), keys: &but_last(columns) };
            let figures = pollster::block_on(summarise(&maps, false, Some(counted))).unwrap().alignment.unwrap();
            let best = (0..figures.len()).max_by(|a, b| figures[*a].total_cmp(&figures[*b])).unwrap();
            assert_eq!((best / heads, best % heads), (1, 0), "{}", stored["text"]);
            texts += 1;
        }
    }
    assert_eq!(texts, 12);
}
