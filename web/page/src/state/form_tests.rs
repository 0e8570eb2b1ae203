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
    assert_eq!(open(&format!("#{fragment}")), Opening::Linked(Box::new(form), Some("ab".into()), None));
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
    assert_eq!(open(&fragment), Opening::Linked(Box::new(form.clone()), None, None));
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
    assert_eq!(open(&fragment), Opening::Linked(Box::new(form.clone()), None, None));
    form.parameters.samples = Some(30);
    let fragment = form.link(None).encode().unwrap();
    assert_eq!(open(&fragment), Opening::Linked(Box::new(form.clone()), None, None));
    form.set_task(Task::Translate);
    assert!(!form.compared().contains(&Method::Attention), "a translator has several stacks");
}

#[test]
fn marks_outlive_a_reload_but_not_their_text() {
    let mut form = Form::new("sentiment", Task::Classify, "a warm film");
    form.marks = vec![(0, 2, 6)];
    form.grouping = Grouping::Sum;
    assert_eq!(Form::of_draft(&form.draft()), Some(form.clone()));
    let Opening::Linked(mut linked, ..) = open(&form.link(None).encode().unwrap()) else { unreachable!() };
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
    assert_eq!(open(&fragment), Opening::Linked(Box::new(form.clone()), None, None));
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
fn other_weights_are_known_by_their_hash_and_an_adapter_by_its_own() {
    let mut manifest = Manifest { schema: String::new(), models: vec![entry("smollm2", Task::Continue, "aa")] };
    assert!(!differs(&manifest, "smollm2", Some("aa")));
    assert!(!differs(&manifest, "smollm2", None));
    assert!(differs(&manifest, "smollm2", Some("bb")));
    assert!(!differs(&manifest, "gpt9", Some("bb")));
    let weights = manifest.models[0].files[0].clone();
    let adapter = headlight_document::ModelFile { role: FileRole::Adapter, sha256: "cc".into(), ..weights };
    manifest.models[0].files.push(adapter);
    assert!(differs(&manifest, "smollm2", Some("aa")) && !differs(&manifest, "smollm2", Some("cc")));
}

/// Small reproducible random numbers (SplitMix64).
struct Dice(u64);

impl Dice {
    fn below(&mut self, bound: usize) -> usize {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut bits = self.0;
        bits = (bits ^ (bits >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        bits = (bits ^ (bits >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        ((bits ^ (bits >> 31)) % bound as u64) as usize
    }

    fn coin(&mut self) -> bool {
        self.below(2) == 1
    }

    fn of<T: Copy>(&mut self, all: &[T]) -> T {
        all[self.below(all.len())]
    }

    fn some<T: Copy>(&mut self, all: &[T]) -> Vec<T> {
        all.iter().copied().filter(|_| self.below(3) == 0).collect()
    }

    fn text(&mut self) -> String {
        let pieces = ["The ", "capital", " 好", "🙂", "<b>", "\"", "\n", " of", "&", "é", "\u{202e}"];
        let more: String = (0..self.below(9)).map(|_| self.of(&pieces)).collect();
        format!("a{more}")
    }

    fn marks(&mut self) -> Vec<Mark> {
        (0..self.below(4)).map(|at| (self.below(2), at * 5, at * 5 + 1 + self.below(4))).collect()
    }

    fn token(&mut self) -> Token {
        if self.coin() { Token::Id(self.below(50_000) as u32) } else { Token::Text(format!(" w{}", self.below(9))) }
    }

    fn target(&mut self, task: Task) -> TargetSpec {
        let token = self.coin().then(|| self.token());
        let position = self.coin().then(|| self.below(20));
        match task {
            Task::Continue => TargetSpec::Next(token),
            Task::Classify => TargetSpec::Label { name: self.coin().then(|| "positive".into()), position: None },
            Task::Label => TargetSpec::Label { name: self.coin().then(|| "B-CITY".into()), position },
            Task::Answer if self.coin() => TargetSpec::Span(position.map(|start| (start, start + 2))),
            Task::Answer => TargetSpec::Next(token),
            Task::Translate => TargetSpec::Output { token, step: position },
            Task::Fill => TargetSpec::Mask { token, position },
            Task::Compare => TargetSpec::Similarity,
        }
    }

    /// Everything that a person can choose, as the page lets them.
    fn form(&mut self) -> Form {
        let task = self.of(Task::ALL);
        let text = self.text();
        let mut form = Form::new(self.of(&["smollm2", "owner/name@abc"]), task, text);
        if task.second_text().is_some() {
            form.second_text = self.text();
        }
        form.target = self.target(task);
        if self.coin() && !matches!(form.target, TargetSpec::Span(_) | TargetSpec::Similarity) {
            form.foil = Some(self.token());
        }
        // A similarity has one reading.
        form.read = if task == Task::Compare { Read::Logit } else { self.of(Read::ALL) };
        if matches!(task, Task::Classify | Task::Answer) && self.coin() {
            let (labels, shot) = (self.coin(), self.text());
            form.edit_prompt(|prompt| {
                if labels && task == Task::Classify {
                    prompt.labels.push("neutral".into());
                }
                prompt.shots[0].text = shot;
            });
            form.target = task.target();
            form.foil = None;
        }
        let offered: Vec<Method> = Method::ALL.iter().copied().filter(|&one| is_offered(one, task)).collect();
        form.ticked = self.some(&offered);
        form.method = self.of(&offered);
        form.measures = self.some(Measure::ALL);
        let number = |dice: &mut Self| dice.coin().then(|| 1 + dice.below(900) as u32);
        form.parameters = Parameters {
            baseline: self.of(headlight_document::Baseline::ALL),
            steps: 1 + self.below(100) as u32,
            samples: number(self),
            lime_samples: number(self),
            base: self.of(&[Method::Saliency, Method::GradXInput]),
            noise: self.below(40) as u32,
            evaluations: 2 + self.below(600) as u32,
            hierarchy: self.of(headlight_document::Hierarchy::ALL),
            units: self.of(Units::ALL),
            layer: self.coin().then(|| self.below(30) as u32),
            head: self.coin().then(|| self.below(9) as u32),
            seed: self.below(99) as u64,
        };
        // A chosen number that would be taken anyway is not told from none.
        form.parameters.samples.take_if(|samples| [LIME_SAMPLES, SHARED_SAMPLES].contains(samples));
        form.marks = self.marks();
        form.grouping = self.of(Grouping::ALL);
        let kinds = [AttentionKind::SelfAttention, AttentionKind::Encoder, AttentionKind::Cross];
        form.kind = self.coin().then(|| self.of(&kinds));
        form.without = Without { special: self.coin(), sinks: self.coin() };
        if self.coin() {
            let (kind, layer) = (self.of(&kinds), self.below(30));
            let head = self.coin().then(|| self.below(9));
            form.intervention.scaled =
                vec![headlight_document::Scaled { kind, layer, head, percent: self.below(200) as u16 }];
            form.intervention.hidden = vec![self.below(9)];
        }
        form.apart.figures = self.some(headlight_document::HeadFigure::ALL);
        if self.coin() {
            form.apart.patch = self.text();
        }
        form.apart.is_asked = self.coin() && !form.apart.is_empty();
        // Lines that are blank are no texts, and no text is averaged where nothing is that is averaged.
        if form.apart.averages() && self.coin() {
            form.apart.texts = "One.\nTwo.".into();
        }
        form.sampling = Sampling {
            temperature: self.of(&[0.0, 0.7, 1.3]),
            top_k: self.coin().then(|| 1 + self.below(50)),
            top_p: self.of(&[1.0, 0.9]),
            seed: self.below(9) as u64,
        };
        if form.task == Task::Translate && self.coin() {
            form.begun = (0..self.below(40)).map(|id| id as u32 * 7).collect();
        }
        form.picture = self.of(&[HeadPicture::Map, HeadPicture::Lines, HeadPicture::Neurons]);
        form.head = self.coin().then(|| (self.below(30), self.below(9)));
        form.token = self.coin().then(|| self.below(20));
        form
    }
}

#[test]
fn nothing_that_a_person_can_choose_is_lost_in_a_link() {
    let mut dice = Dice(7);
    for round in 0..2000 {
        let form = dice.form();
        let fragment = form.link(None).encode().unwrap();
        assert_eq!(open(&fragment), Opening::Linked(Box::new(form), None, None), "round {round}: {fragment}");
    }
}
