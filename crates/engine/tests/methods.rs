//! Every method and measure on the registered models, against Captum, SHAP, lime, networkx and ferret's formulas
//! (`tests/golden/methods`).

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::print_stdout,
    dead_code,
    reason = "a test fails by panicking and shows its worst error; not each file uses all that tests share"
)]

mod common;
#[path = "../../explain/tests/faithfulness/mod.rs"]
mod faithfulness;
#[path = "../../explain/tests/methods/mod.rs"]
mod methods;

use headlight_models::{Batch, Input};

use common::open;
use methods::{golden, ids, target};

fn compare(model: &str, names: &[&str]) {
    let (model_, _) = open(model);
    for name in names {
        let golden = golden(&format!("{model}/{name}"));
        let batch = Batch::one(&ids(&golden["ids"]));
        let input = Input::embed(model_.transformer(), &batch, None);
        let target = target(&golden, batch.ids[0].len() - 1);
        methods::check(model_.transformer(), &golden, &input, &target);
        faithfulness::check(model_.transformer(), &golden, &input, &target);
    }
}

#[test]
fn sentiment() {
    compare("sentiment", &["plain", "flat", "negation", "words", "foil", "long"]);
}

#[test]
fn rampart() {
    compare("rampart", &["plain", "phone", "address", "city", "email", "rose"]);
}

#[test]
fn smollm2() {
    compare("smollm2", &["france", "opposite", "names", "keys", "once", "words"]);
}

/// What a request asks for arrives in the document under its name, with what speaks for or against it.
#[test]
fn a_document_has_each_method_with_its_parameters_and_checks() {
    use headlight_document::{Method, Parameters, Read, Request, TargetSpec, Task, Units};
    use headlight_engine::{Quiet, answer};

    let golden = golden("sentiment/foil");
    let numbers = |value: &serde_json::Value| -> Vec<f64> {
        value.as_array().unwrap().iter().map(|value| value.as_f64().unwrap()).collect()
    };
    let (model, chosen) = open("sentiment");
    let mut request = Request::new("sentiment", Task::Classify, golden["text"].as_str().unwrap());
    request.target = TargetSpec::Label { name: Some("positive".into()), position: None };
    request.foil = Some("negative".into());
    request.read = Read::Prob;
    request.methods = Method::ALL.to_vec();
    request.parameters = Parameters { samples: Some(200), ..Parameters::default() };
    let found = pollster::block_on(answer(&model, &chosen.info, &request, &Quiet, common::clock)).unwrap();
    assert_eq!(found.attributions.iter().map(|one| one.method).collect::<Vec<_>>(), Method::ALL);
    assert_eq!(found.target.foil.as_ref().map(|foil| foil.text.as_str()), Some("negative"));
    let value = golden["value"].as_f64().unwrap();
    assert!((found.target.value - value).abs() < 1e-5);
    let special = ids(&golden["special"]);
    let unit_values = |values: &[f64]| -> Vec<f64> {
        let free = values.iter().enumerate().filter(|(at, _)| !special.contains(&(*at as u32)));
        free.map(|(_, value)| *value).collect()
    };
    for one in &found.attributions {
        let (ours, theirs) = match one.method {
            Method::Saliency | Method::GradXInput => (one.values.clone(), numbers(&golden[one.method.name()])),
            Method::IntegratedGradients => (one.values.clone(), numbers(&golden["integrated_gradients"][0]["values"])),
            Method::SmoothGrad => {
                assert_eq!(one.standard_errors.as_ref().map(Vec::len), Some(one.values.len()));
                continue;
            }
            Method::Occlusion => (one.values.clone(), numbers(&golden["occlusion"]["mask"])),
            // Each has the mean of its map's columns, as the reference does.
            Method::Attention => (one.values.clone(), numbers(&golden["attention"]["raw"]["values"])),
            Method::AttentionRollout => (one.values.clone(), numbers(&golden["attention"]["rollout"]["values"])),
            Method::AttentionFlow => (one.values.clone(), numbers(&golden["attention"]["flow"]["values"])),
            Method::AttentionGradient => (one.values.clone(), numbers(&golden["attention"]["gradient"]["values"])),
            Method::ValueZeroing => (one.values.clone(), numbers(&golden["attention"]["value_zeroing"]["values"])),
            Method::Lime => (unit_values(&one.values), numbers(&golden["lime"]["fixed"]["values"])),
            Method::KernelShap => (unit_values(&one.values), numbers(&golden["shapley"]["exact"])),
            Method::PartitionShap => {
                let stored = &golden["partition_shap"][1];
                assert_eq!((&one.parameters["hierarchy"], &stored["hierarchy"]), (&"text".into(), &"text".into()));
                (unit_values(&one.values), numbers(&stored["values"]))
            }
        };
        assert!(common::relative(&ours, &theirs) < 1e-3, "{}: {ours:?}, {theirs:?}", one.method);
        let has_none = one.method.is_single_run()
            || matches!(one.method, Method::AttentionRollout | Method::AttentionFlow | Method::AttentionGradient);
        assert_eq!(one.parameters.is_empty(), has_none);
        assert!((one.checks.target_value - value).abs() < 1e-5);
    }

    // Integrated gradients that do not converge say so, and a word is left out as a whole.
    let (model, chosen) = open("smollm2");
    let mut request = Request::new("smollm2", Task::Continue, "Photosynthesis turns sunlight into");
    request.methods = vec![Method::KernelShap, Method::IntegratedGradients];
    request.parameters = Parameters { units: Units::Word, ..Parameters::default() };
    let found = pollster::block_on(answer(&model, &chosen.info, &request, &Quiet, common::clock)).unwrap();
    let [shap, path] = found.attributions.as_slice() else { panic!("two methods") };
    assert_eq!(shap.units.as_deref().and_then(|units| units.first()).map(Vec::as_slice), Some([0, 1].as_slice()));
    assert_eq!((shap.values[0], shap.checks.distrust.as_ref()), (shap.values[1], None));

    // What was picked is left out as one, the rest by words; the picked piece has its tokens' even shares.
    request.methods = vec![Method::KernelShap];
    request.parameters.units = Units::Selection;
    request.selection = vec![(0, 15, 29)];
    let picked = pollster::block_on(answer(&model, &chosen.info, &request, &Quiet, common::clock)).unwrap();
    let picked = &picked.attributions[0];
    assert_eq!(picked.units, Some(vec![vec![0, 1], vec![2, 3], vec![4]]));
    assert_eq!(picked.values[2], picked.values[3]);
    let (sum, whole) =
        (picked.values.iter().sum::<f64>(), picked.checks.target_value - picked.checks.baseline_value.unwrap());
    assert!((sum - whole).abs() < 1e-3 * whole.abs());
    let distrust = path.checks.distrust.as_deref().unwrap();
    assert!(distrust.contains("must not be trusted"), "{distrust}");
    assert!(path.checks.completeness_error.unwrap().abs() > 1.0);
}

/// A link may ask for one sample, or for more than there is memory for: the document can still be read, and says what was done.
#[test]
fn few_samples_and_many_are_survived() {
    use headlight_document::{Explanation, Method, Parameters, Request, Task};
    use headlight_engine::{Quiet, answer};

    let (model, chosen) = open("sentiment");
    let mut request = Request::new("sentiment", Task::Classify, "A fine film.");
    request.methods = vec![Method::SmoothGrad];
    request.parameters = Parameters { samples: Some(1), ..Parameters::default() };
    let found = pollster::block_on(answer(&model, &chosen.info, &request, &Quiet, common::clock)).unwrap();
    let read: Explanation = serde_json::from_str(&serde_json::to_string(&found).unwrap()).unwrap();
    let one = &read.attributions[0];
    assert_eq!((&one.standard_errors, one.checks.distrust.is_some()), (&None, true));

    request.text = "word ".repeat(400);
    request.parameters.samples = Some(20_000);
    struct Once;
    impl headlight_engine::Progress for Once {
        fn report(
            &self,
            stage: headlight_document::message::Stage,
            _: u64,
            _: Option<u64>,
        ) -> headlight_engine::progress::Pause<'_> {
            let is_begun = stage == headlight_document::message::Stage::Attribute;
            Box::pin(std::future::ready(if is_begun { Err(headlight_engine::Cancelled) } else { Ok(()) }))
        }
    }
    let cancelled = pollster::block_on(answer(&model, &chosen.info, &request, &Once, common::clock));
    assert!(matches!(cancelled, Err(headlight_engine::EngineError::Cancelled(_))));
}
