//! What a run gives: hidden states, attention, scores.

use headlight_models::{Batch, Hook, Point, Side};
use serde_json::json;

use crate::{ALL, attention, batch, difference, floats, golden, list, logits, numbers, opened, run_all};

/// Every head of a family on every text: hidden states, attention and scores.
fn compare(name: &str, family: &str) {
    let golden = golden(name);
    for (head, described) in golden["heads"].as_object().unwrap() {
        let model = opened(name, &described["config"]).unwrap();
        assert_eq!(model.family(), family);
        let (mut worst_hidden, mut worst_attention, mut worst_sum, mut worst_logits) = (0.0_f32, 0.0, 0.0, 0.0);
        for case in golden["cases"].as_array().unwrap() {
            let run = run_all(model.as_ref(), &batch(case));
            let tokens = run.hidden.dims()[1];
            worst_hidden = difference(&floats(run.hidden.clone()), &numbers(&case["hidden"])).max(worst_hidden);
            let found = attention(&run, 0);
            worst_attention = difference(&found, &numbers(&case["attention"]["values"])).max(worst_attention);
            let sums: Vec<f32> = found.chunks_exact(tokens).map(|row| row.iter().sum()).collect();
            worst_sum = difference(&sums, &vec![1.0; sums.len()]).max(worst_sum);
            if let Some(found) = logits(model.as_ref(), &run.hidden, 0, described) {
                worst_logits = difference(&found, &numbers(&case["heads"][head]["logits"])).max(worst_logits);
            }
        }
        println!(
            "{name} {head}: hidden off by {worst_hidden:.1e}, attention {worst_attention:.1e}, rows' sums \
             {worst_sum:.1e}, logits {worst_logits:.1e}"
        );
        assert!(worst_hidden <= 1e-4 && worst_attention <= 1e-4 && worst_sum <= 1e-5 && worst_logits <= 1e-3, "{name}");
    }
}

#[test]
fn bert_is_transformers() {
    compare("bert", "bert");
}

#[test]
fn bert_with_a_decoder_of_its_own_a_regression_and_a_mean_is_transformers() {
    compare("bert-other", "bert");
}

#[test]
fn distilbert_is_transformers() {
    compare("distilbert", "distilbert");
}

#[test]
fn roberta_is_transformers() {
    compare("roberta", "roberta");
}

#[test]
fn electra_is_transformers() {
    compare("electra", "electra");
}

#[test]
fn a_batch_gives_what_each_of_it_gives_alone() {
    for name in ALL {
        let golden = golden(name);
        let cases = golden["cases"].as_array().unwrap();
        let both = Batch::many(vec![list(&cases[0]["ids"]), list(&cases[1]["ids"])]);
        let both = both.with_types(list(&cases[0]["types"]));
        assert_eq!(cases[0]["types"], cases[1]["types"]);
        for (head, described) in golden["heads"].as_object().unwrap() {
            let model = opened(name, &described["config"]).unwrap();
            let together = run_all(model.as_ref(), &both);
            let mut worst = 0.0_f32;
            for (index, case) in cases[..2].iter().enumerate() {
                let alone = run_all(model.as_ref(), &batch(case));
                let hidden = floats(together.hidden.clone().narrow(0, index, 1));
                worst = difference(&hidden, &floats(alone.hidden.clone())).max(worst);
                worst = difference(&attention(&together, index), &attention(&alone, 0)).max(worst);
                let found = logits(model.as_ref(), &together.hidden, index, described);
                if let Some(found) = found {
                    let alone = logits(model.as_ref(), &alone.hidden, 0, described).unwrap();
                    worst = difference(&found, &alone).max(worst);
                }
            }
            println!("{name} {head}: a batch is off from each alone by {worst:.1e}");
            assert!(worst < 1e-5, "{name} {head}");
        }
    }
}

#[test]
fn every_block_captures_under_the_same_names() {
    let by_head = [Point::Q, Point::K, Point::V, Point::AttnScores, Point::Pattern, Point::Z];
    let residual = [Point::ResidPre, Point::ResidMid, Point::ResidPost, Point::NormalizedResidPost];
    for name in ALL {
        let golden = golden(name);
        let model = opened(name, &json!({})).unwrap();
        let run = run_all(model.as_ref(), &batch(&golden["cases"][0]));
        let at = |layer, point| Hook { side: Side::Only, layer, point };
        for layer in 0..2 {
            for point in by_head {
                let hook = at(layer, point);
                let dims = run.captures.get_by_head(hook).unwrap_or_else(|| panic!("{name} lacks {hook}")).dims();
                let maps = matches!(point, Point::AttnScores | Point::Pattern);
                assert_eq!(dims, if maps { [1, 4, 10, 10] } else { [1, 10, 4, 6] }, "{name} {hook}");
            }
            for point in residual {
                let hook = at(layer, point);
                let dims = run.captures.get_residual(hook).unwrap_or_else(|| panic!("{name} lacks {hook}")).dims();
                assert_eq!(dims, [1, 10, 24], "{name} {hook}");
            }
        }
        let get = |layer, point| floats(run.captures.get_residual(at(layer, point)).unwrap());
        assert_eq!(get(0, Point::NormalizedResidPost), get(1, Point::ResidPre), "{name}");
        assert_eq!(get(1, Point::NormalizedResidPost), floats(run.hidden.clone()), "{name}");
    }
}

#[test]
fn types_of_a_pair_reach_the_run() {
    for name in ["bert", "electra"] {
        let model = opened(name, &json!({})).unwrap();
        let case = &golden(name)["cases"][0];
        let typed = floats(run_all(model.as_ref(), &batch(case)).hidden);
        let untyped = floats(run_all(model.as_ref(), &Batch::one(&list(&case["ids"]))).hidden);
        assert!(difference(&typed, &untyped) > 0.1, "{name}");
    }
    // DistilBERT has no types: given some all the same, it does not look at them.
    let model = opened("distilbert", &json!({})).unwrap();
    let ids = [2, 17, 4, 3];
    let typed = floats(run_all(model.as_ref(), &Batch::one(&ids).with_types(vec![0, 0, 1, 1])).hidden);
    assert_eq!(typed, floats(run_all(model.as_ref(), &Batch::one(&ids)).hidden));
}

#[test]
fn robertas_relatives_are_robertas() {
    let golden = golden("roberta");
    let case = &golden["cases"][0];
    let heads = golden["heads"].as_object().unwrap();
    for (kind, family) in [("xlm-roberta", "XLMRoberta"), ("camembert", "Camembert")] {
        for (head, described) in heads {
            let class = described["config"]["architectures"][0].as_str().unwrap().replace("Roberta", family);
            let mut changes = described["config"].clone();
            changes["model_type"] = kind.into();
            changes["architectures"] = json!([class]);
            let model = opened("roberta", &changes).unwrap();
            let run = run_all(model.as_ref(), &batch(case));
            assert!(difference(&floats(run.hidden.clone()), &numbers(&case["hidden"])) <= 1e-4, "{class}");
            if let Some(found) = logits(model.as_ref(), &run.hidden, 0, described) {
                assert!(difference(&found, &numbers(&case["heads"][head]["logits"])) <= 1e-3, "{class}");
            }
        }
    }
}
