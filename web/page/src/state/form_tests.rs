//! The form, by what comes of it.

use super::*;

fn entry(id: &str, task: Task, sha256: &str) -> ModelEntry {
    ModelEntry {
        id: id.into(),
        title: id.to_uppercase(),
        family: "llama".into(),
        files: vec![headlight_document::ModelFile {
            role: FileRole::Weights,
            name: "w".into(),
            bytes: 1,
            sha256: sha256.into(),
        }],
        license: "Apache-2.0".into(),
        tasks: vec![task],
        examples: vec![],
        source: String::new(),
        card: String::new(),
    }
}

#[test]
fn a_form_survives_its_link() {
    let mut form = Form::new("smollm2", Task::Continue, "好 <b>🙂");
    form.read = Read::Prob;
    form.method = Method::Saliency;
    form.kind = Some(AttentionKind::SelfAttention);
    form.head = Some((3, 4));
    form.token = Some(1);
    form.target = "next:#7042".parse().unwrap();
    let fragment = form.link(Some("ab".into())).encode().unwrap();
    assert_eq!(open(&format!("#{fragment}")), Opening::Linked(Box::new(form), Some("ab".into())));
}

#[test]
fn a_costly_method_travels_with_its_parameters_and_a_foil() {
    let mut form = Form::new("smollm2", Task::Continue, "The capital of France is");
    form.set_target("next: Paris".parse().unwrap());
    form.set_foil(Token::Text(" Lyon".into()));
    form.set_method(Method::Lime);
    form.ticked = vec![Method::GradXInput, Method::Lime];
    form.parameters.seed = 3;
    assert_eq!(form.request().methods, [Method::GradXInput, Method::Saliency, Method::Lime]);
    assert_eq!(form.request().parameters.samples, Some(LIME_SAMPLES));
    let fragment = form.link(None).encode().unwrap();
    assert_eq!(open(&fragment), Opening::Linked(Box::new(form.clone()), None));
    form.set_foil(Token::Text(" Lyon".into()));
    assert_eq!(form.foil, None, "the same again lets go of it");
    form.set_foil(Token::Text(" Paris".into()));
    assert_eq!(form.foil, None, "nothing is held against itself");
    form.set_method(Method::SmoothGrad);
    assert_eq!(form.request().parameters.samples, None);
}

#[test]
fn a_comparison_travels_and_is_another_question() {
    let mut form = Form::new("smollm2", Task::Continue, "The capital of France is");
    form.ticked = vec![Method::Saliency, Method::SmoothGrad, Method::Lime, Method::Attention];
    form.measures = vec![Measure::TauLoo];
    form.method = Method::Saliency;
    let comparison = form.comparison();
    assert_eq!((&comparison.methods, &comparison.measures), (&form.ticked, &form.measures));
    assert_eq!(comparison.parameters.samples, Some(SHARED_SAMPLES));
    assert_eq!(form.request().methods, METHODS, "what is ticked does not run by itself");
    assert!(form.request().measures.is_empty() && form.layer_request().layers);
    let fragment = form.link(None).encode().unwrap();
    assert_eq!(open(&fragment), Opening::Linked(Box::new(form.clone()), None));
    form.parameters.samples = Some(30);
    let fragment = form.link(None).encode().unwrap();
    assert_eq!(open(&fragment), Opening::Linked(Box::new(form.clone()), None));
    form.set_task(Task::Translate);
    assert!(!form.compared().contains(&Method::Attention), "a translator has several stacks");
}

#[test]
fn marks_outlive_a_reload_but_not_their_text() {
    let mut form = Form::new("sentiment", Task::Classify, "a warm film");
    form.marks = vec![(0, 2, 6)];
    form.grouping = Grouping::Sum;
    assert_eq!(Form::of_draft(&form.draft()), Some(form.clone()));
    let Opening::Linked(mut linked, _) = open(&form.link(None).encode().unwrap()) else { unreachable!() };
    linked.join(form.clone());
    assert_eq!(*linked, form);
    let mut other = Form::new("sentiment", Task::Classify, "a cold film");
    other.join(form.clone());
    assert_eq!(other.marks, []);
    form.set_text("a very warm film".into());
    assert_eq!(form.marks, [(0, 7, 11)]);
}

#[test]
fn an_answer_with_more_methods_than_wanted_is_an_answer() {
    let mut form = Form::new("smollm2", Task::Continue, "Hello");
    let plain = form.request();
    form.set_method(Method::Lime);
    let lime = form.request();
    assert!(answers(&lime, &plain) && !answers(&plain, &lime) && answers(&lime, &lime));
    form.parameters.seed = 1;
    assert!(!answers(&lime, &form.request()), "LIME with another seed is another answer");
    form.set_method(Method::Saliency);
    assert!(answers(&lime, &form.request()), "a method of one run has no seed");
    form.set_text("Hello there".into());
    assert!(!answers(&lime, &form.request()));
}

#[test]
fn a_form_survives_its_draft() {
    let mut form = Form::new("minilm", Task::Compare, "a \"quoted\" text");
    form.second_text = "另一个".into();
    form.answer = Prompt::default().edited(Task::Answer, |prompt| prompt.shots.truncate(1));
    assert_eq!(Form::of_draft(&form.draft()), Some(form));
    for bad in ["", "{}", "[1]", r#"{"model":"a","task":"x","text":"t"}"#] {
        assert_eq!(Form::of_draft(bad), None);
    }
}

#[test]
fn labels_and_examples_travel_with_their_task_and_no_other() {
    let mut form = Form::new("smollm2", Task::Classify, "a");
    assert!(form.request().shots.is_empty(), "the default is nothing, so that a link stays short");
    form.target = "label:positive".parse().unwrap();
    form.edit_prompt(|prompt| prompt.labels.push("neutral".into()));
    assert_eq!(form.request().labels, ["positive", "negative", "neutral"]);
    assert_eq!(form.request().shots.len(), 4);
    assert_eq!(form.target, Task::Classify.target(), "the target may name a label that is gone");
    let fragment = form.link(None).encode().unwrap();
    assert_eq!(open(&fragment), Opening::Linked(Box::new(form.clone()), None));
    form.set_task(Task::Continue);
    assert!(form.request().labels.is_empty() && form.request().shots.is_empty());
    form.set_task(Task::Answer);
    assert!(form.request().labels.is_empty() && form.request().shots.is_empty());
    form.set_task(Task::Classify);
    assert_eq!(form.request().labels.len(), 3);
    // A classifier has labels of its own.
    form.choose(&entry("sentiment", Task::Classify, ""));
    assert!(form.request().labels.is_empty());
}

#[test]
fn a_question_is_no_text_to_compare_with() {
    let mut form = Form::new("a", Task::Answer, "a passage");
    form.second_text = "Why?".into();
    form.set_task(Task::Continue);
    form.set_task(Task::Answer);
    assert_eq!(form.request().second_text.as_deref(), Some("Why?"));
    form.set_task(Task::Compare);
    assert_eq!(form.request().second_text.as_deref(), Some(""));
}

#[test]
fn only_a_text_of_ones_own_is_kept_for_another_task() {
    let mut model = entry("smollm2", Task::Continue, "");
    let text = "The capital".to_owned();
    model.examples.push(headlight_document::Example { task: Task::Continue, text, second_text: None, note: None });
    assert!(is_prompted(&model, Task::Answer) && !is_prompted(&model, Task::Continue));
    let manifest = Manifest { schema: String::new(), models: vec![model] };
    for (text, untouched) in [("", true), ("The capital", true), ("The capitals", false)] {
        assert_eq!(is_untouched(&manifest, &Form::new("smollm2", Task::Continue, text)), untouched);
    }
}

#[test]
fn bad_fragments_are_said_and_empty_ones_are_nothing() {
    assert_eq!(open(""), Opening::Plain);
    assert_eq!(open("#"), Opening::Plain);
    assert_eq!(open("#1.<script>"), Opening::Refused(LinkError::Damaged));
    assert_eq!(open("#javascript:alert(1)"), Opening::Refused(LinkError::UnknownVersion));
}

#[test]
fn another_model_brings_its_task_and_forgets_the_target() {
    let mut form = Form::new("smollm2", Task::Continue, "a");
    form.target = "next:#7".parse().unwrap();
    form.head = Some((29, 8));
    form.choose(&entry("minilm", Task::Compare, ""));
    assert_eq!((form.task, &form.target, form.head), (Task::Compare, &TargetSpec::Similarity, None));
    form.second_text = "b".into();
    assert_eq!(form.request().validate(), Ok(()));
    form.choose(&entry("smollm2", Task::Continue, ""));
    assert_eq!(form.request().second_text, None);
    assert_eq!(form.request().validate(), Ok(()));
}

#[test]
fn other_weights_and_unknown_models_are_remarked_on() {
    let manifest = Manifest { schema: String::new(), models: vec![entry("smollm2", Task::Continue, "aa")] };
    assert_eq!(remark(&manifest, "smollm2", Some("aa")), None);
    assert_eq!(remark(&manifest, "smollm2", None), None);
    assert!(remark(&manifest, "smollm2", Some("bb")).unwrap().contains("other weights"));
    assert!(remark(&manifest, "gpt9", None).unwrap().contains("gpt9"));
}
