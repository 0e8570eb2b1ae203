use headlight_document::{Explanation, Neurons};
use serde_json::{Value, json};

use super::course::Course;
use super::*;

fn sample() -> Explanation {
    crate::panels::sample()
}

fn form(document: &Explanation) -> Form {
    Form::new(document.model.id.clone(), document.input.task, document.input.text.clone())
}

fn scene<'a>(form: &'a Form, document: Option<&'a Explanation>) -> Scene<'a> {
    Scene { form, document, compared: None, heads: None, neurons: None, changed: None }
}

fn whole() -> Value {
    json!({
        "format": "headlight/lesson@1", "id": "mine", "title": "Mine", "about": "What it is about.",
        "steps": [
            { "title": "Read", "text": "Only read." },
            {
                "title": "Guess", "text": ["One.", "Two."], "formula": "attention", "look": "attention",
                "set": {
                    "model": "smollm2", "task": "continue", "text": "Hi", "target": "next: you", "foil": " me", "read": "prob",
                    "method": "saliency", "head": [1, 2], "picture": "neurons", "token": 0, "methods": ["lime"],
                    "measures": ["curves"], "figures": ["profile"],
                },
                "question": {
                    "kind": "number", "ask": "How much?", "answer": ["probability", " Mary"], "tolerance": 0.01,
                    "right": "It is {0}, after {1}.", "values": [["probability", " Mary"], ["last"]],
                },
            },
        ],
    })
}

fn fault(change: impl FnOnce(&mut Value)) -> String {
    let mut file = whole();
    change(&mut file);
    lesson(&file.to_string()).unwrap_err().to_string()
}

#[test]
fn a_lesson_is_read_with_all_that_it_sets() {
    let lesson = lesson(&whole().to_string()).unwrap();
    assert_eq!((lesson.minutes, lesson.steps.len(), lesson.steps[0].question.is_none()), (10, 2, true));
    let set = lesson.steps[1].set.as_ref().unwrap();
    let form = set.onto(&Form::new("other", Task::Continue, "Mine."));
    assert_eq!((&*form.model, &*form.text, form.foil.clone()), ("smollm2", "Hi", Some(Token::Text(" me".into()))));
    assert_eq!((form.head, form.token, form.picture), (Some((1, 2)), Some(0), HeadPicture::Neurons));
    assert_eq!((form.ticked.as_slice(), form.target.to_string().as_str()), (&[Method::Lime][..], "next: you"));
    // What a setting does not name stays.
    let kept = Set { head: Some((3, 4)), ..Set::default() }.onto(&form);
    assert_eq!((&*kept.text, kept.head, kept.foil.is_some()), ("Hi", Some((3, 4)), true));
}

#[test]
fn what_is_wrong_with_a_file_is_said_with_its_place() {
    assert_eq!(fault(|file| file["format"] = json!("x")), "format: must be “headlight/lesson@1”");
    assert!(fault(|file| file["stesp"] = json!([])).starts_with("“stesp” is not known here; there are: format, id"));
    assert!(fault(|file| drop(file.as_object_mut().unwrap().remove("title"))).contains("“title” is missing"));
    assert!(fault(|file| file["id"] = json!("../x")).starts_with("id: a name of up to 60"));
    assert!(fault(|file| file["steps"] = json!([])).starts_with("steps: a list of 1 to 40"));
    assert!(fault(|file| file["steps"][1]["text"] = json!("x".repeat(2001))).starts_with("steps › 2 › text: a text"));
    assert!(fault(|file| file["steps"][1]["look"] = json!("sky")).starts_with("steps › 2 › look: “sky” is not known"));
    assert!(
        fault(|file| file["steps"][1]["set"]["method"] = json!("salience"))
            .starts_with("steps › 2 › set › method: \"salience\" is no method")
    );
    assert!(fault(|file| file["steps"][1]["set"]["head"] = json!([1])).contains("a layer and a head"));
    let question = |change: &dyn Fn(&mut Value)| fault(|file| change(&mut file["steps"][1]["question"]));
    assert!(question(&|it| it["kind"] = json!("essay")).contains("question: “answer” is not known here"));
    assert!(question(&|it| it["tolerance"] = json!(0)).contains("question › tolerance: a number above 0"));
    let at = "steps › 2 › question › answer";
    assert!(question(&|it| it["answer"] = json!(["probabilty", "x"])).starts_with(&format!("{at}: “probabilty”")));
    assert_eq!(question(&|it| it["answer"] = json!(["probability"])), format!("{at}: “probability” takes 1, not 0"));
    assert!(question(&|it| it["answer"] = json!("x")).starts_with(&format!("{at}: a rule is wanted here")));
    let nested = json!(["minus", 1, ["attribution", "salience", "x"]]);
    assert!(question(&|it| it["answer"] = nested.clone()).starts_with(&format!("{at} › 2 › 1: \"salience\"")));
    assert!(question(&|it| it["right"] = json!("{2}")).contains("right: it names a value"));
    let deep = (0..20).fold(json!(1), |rule, _| json!(["root", rule]));
    assert!(question(&|it| it["answer"] = deep.clone()).contains("more than 8 deep"));
    let two_open = json!({ "kind": "choose", "ask": "?", "options": [{ "text": "a" }, { "text": "b" }] });
    assert!(fault(|file| file["steps"][1]["question"] = two_open).contains("at most one has no “when”"));
    assert!(lesson("{").unwrap_err().to_string().starts_with("line 1, column 1: the file ends here, before a bracket"));
    let comma = whole().to_string().replacen("\"title\"", ", \"title\"", 1);
    let said = lesson(&comma).unwrap_err().to_string();
    assert!(said.contains(": this can’t be read as JSON; look for a comma") && !said.contains("at line"), "{said}");
    assert!(lesson(&" ".repeat(MOST_BYTES + 1)).unwrap_err().to_string().contains("256 kB"));
}

#[test]
fn what_no_person_writes_is_refused_and_breaks_nothing() {
    let whole = whole().to_string();
    for end in (0..whole.len()).filter(|end| whole.is_char_boundary(*end)) {
        assert!(lesson(&whole[..end]).is_err());
    }
    for hostile in ["[]", "null", "1e999", "\"\\ud800\"", &"[".repeat(10_000), &"{\"a\":".repeat(5000)] {
        assert!(lesson(hostile).is_err() && index(hostile).is_err());
    }
}

#[test]
fn rules_are_held_against_the_run() {
    let document = sample();
    let mut form = form(&document);
    form.head = Some((0, 0));
    form.token = Some(3);
    let scene = scene(&form, Some(&document));
    let read = |rule: Value, wanted| Rule::read(&rule, wanted, &read::Place::whole()).unwrap();
    let number = |rule: Value| scene.number(&read(rule, rule::Wanted::Number));
    let truth = |rule: Value| scene.truth(&read(rule, rule::Wanted::Truth));
    let best = &document.output.top[0];
    assert_eq!(number(json!(["probability", best.text.trim()])), Ok(best.prob));
    assert_eq!(truth(json!(["top", best.text])), Ok(true));
    assert_eq!(number(json!(["tokens"])), Ok(document.input.tokens.len() as f64));
    assert!((number(json!(["row", ["picked"]])).unwrap() - 1.0).abs() < 1e-4, "a row sums to one");
    let saliency = document.attributions.iter().find(|one| one.method == Method::Saliency).unwrap();
    let (most, value) =
        saliency.values.iter().enumerate().max_by(|a, b| a.1.total_cmp(b.1)).map(|(at, value)| (at, *value)).unwrap();
    assert_eq!(truth(json!(["same", ["strongest", "saliency"], most])), Ok(true));
    assert_eq!(number(json!(["attribution", "saliency", most])), Ok(value));
    assert_eq!(number(json!(["total", "saliency"])), Ok(saliency.values.iter().sum()));
    assert_eq!(number(json!(["over", ["minus", 7, 1], ["times", 2, 3]])), Ok(1.0));
    assert_eq!(number(json!(["over", 1, 0])), Err(Missing::NoNumber));
    assert_eq!(truth(json!(["head", 0, 0])), Ok(true));
    assert_eq!(truth(json!(["not", ["above", 1, 2]])), Ok(true));
    // What is not there yet is said, unless the rest decides.
    assert_eq!(number(json!(["score", 1, 0])), Err(Missing::Neurons));
    assert_eq!(number(json!(["share", "previous"])), Err(Missing::Profile));
    assert_eq!(number(json!(["comprehensiveness", "lime"])), Err(Missing::Measure));
    assert_eq!(number(json!(["attribution", "lime", 0])), Err(Missing::Method("lime".into())));
    assert_eq!(number(json!(["attention", "Zürich", 0])), Err(Missing::Token("Zürich".into())));
    assert_eq!(number(json!(["attention", 999_999, 0])), Err(Missing::Token("999999".into())));
    assert_eq!(truth(json!(["any", ["above", ["share", "same"], 0], ["ran"]])), Ok(true));
    assert_eq!(truth(json!(["all", ["ran"], ["above", ["share", "same"], 0]])), Err(Missing::Profile));
    assert_eq!(truth(json!(["all", ["above", ["share", "same"], 0], ["not", ["ran"]]])), Ok(false));
}

#[test]
fn a_product_by_hand_is_that_of_the_neurons() {
    let document = sample();
    let mut form = form(&document);
    form.head = Some((0, 0));
    let neurons = Neurons {
        queries: 2,
        keys: 2,
        width: 4,
        query_values: vec![1.0, 2.0, 3.0, 4.0, 1.0, 1.0, 1.0, 1.0],
        key_values: vec![1.0, 0.0, 0.0, 1.0, 2.0, 2.0, 2.0, 2.0],
        scores: vec![2.5, -1e9, 1.0, 4.0],
    };
    let scene = Scene { neurons: Some(&neurons), ..scene(&form, Some(&document)) };
    let by_hand = json!({
        "kind": "number", "ask": "q·k/√d?", "answer": ["over", ["product", 0, 0], ["root", ["width"]]], "tolerance": 0.01,
        "right": "{0}", "values": [["score", 0, 0]],
    });
    let mut file = whole();
    file["steps"][1]["question"] = by_hand;
    let question = lesson(&file.to_string()).unwrap().steps[1].question.clone().unwrap();
    let given = |number: &str| question.check(&Given { number: number.into(), choice: None }, &scene);
    assert_eq!(given("2,5"), Verdict::Right);
    assert_eq!(given("−2.5"), Verdict::Wrong);
    assert_eq!(given("many"), Verdict::NoNumber);
    assert_eq!(given(" "), Verdict::Nothing);
    assert_eq!(question.said("{0}", &scene), "2.500");
    assert_eq!(question.answer(&scene).as_deref(), Some("2.500"));
    assert_eq!(typed("42 %"), Some(0.42));
    assert_eq!(typed("NaN"), None);
}

#[test]
fn the_open_choice_is_right_where_no_other_is() {
    let document = sample();
    let form = form(&document);
    let choice = |text: &str, when: Option<Value>| Choice {
        text: text.into(),
        when: when.map(|rule| Rule::read(&rule, rule::Wanted::Truth, &read::Place::whole()).unwrap()),
    };
    let question = |rule: Value| Question {
        ask: "?".into(),
        kind: Kind::Choose(vec![choice("a", Some(rule)), choice("neither", None)]),
        hint: None,
        right: None,
        wrong: None,
        values: vec![],
    };
    let check = |rule: Value, choice: Option<usize>, document: Option<&Explanation>| {
        question(rule).check(&Given { choice, number: String::new() }, &scene(&form, document))
    };
    let never = json!(["below", ["tokens"], 0]);
    assert_eq!(check(never.clone(), Some(1), Some(&document)), Verdict::Right);
    assert_eq!(check(never.clone(), Some(0), Some(&document)), Verdict::Wrong);
    assert_eq!(check(never.clone(), None, Some(&document)), Verdict::Nothing);
    assert_eq!(check(never, Some(1), None), Verdict::NotYet(Missing::Run));
    assert_eq!(check(json!(["above", ["tokens"], 0]), Some(1), Some(&document)), Verdict::Wrong);
}

#[test]
fn progress_is_remembered_and_bounded() {
    let lesson = lesson(&whole().to_string()).unwrap();
    let mut course = Course::new(lesson.clone(), None);
    assert_eq!((course.step, course.count(), course.next_open()), (None, 0, 0));
    course.go(0);
    assert_eq!(course.count(), 1, "a step that asks nothing is read");
    course.go(99);
    assert_eq!(course.step, Some(1));
    course.judge(Verdict::Wrong);
    course.judge(Verdict::NotYet(Missing::Run));
    assert_eq!((course.wrong, course.count()), (1, 1));
    course.give(|given| given.number = "1".into());
    assert_eq!(course.verdict, None);
    course.judge(Verdict::Right);
    assert_eq!(course.progress(), "0,1");
    assert_eq!(Course::new(lesson.clone(), Some("1,x,77,-1")).solved, [false, true]);
    assert_eq!(Course::new(lesson, Some("0,1")).next_open(), 0);
}

#[test]
fn the_lessons_of_the_site_are_whole_and_alike_in_both_languages() {
    let folder = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("assets/lessons");
    let file = |language: &str, name: &str| std::fs::read_to_string(folder.join(language).join(name)).unwrap();
    let formulas: Value = serde_json::from_str(include_str!("../../../assets/help/formulas.json")).unwrap();
    let (english, chinese) = (index(&file("en", "index.json")).unwrap(), index(&file("zh", "index.json")).unwrap());
    assert!(english.len() >= 5);
    assert_eq!(english.len(), chinese.len());
    for (one, other) in english.iter().zip(&chinese) {
        let name = format!("{}.json", one.id);
        let (one_lesson, other_lesson) = (lesson(&file("en", &name)).unwrap(), lesson(&file("zh", &name)).unwrap());
        for (listed, read) in [(one, &one_lesson), (other, &other_lesson)] {
            assert_eq!((&listed.id, &listed.title, listed.steps), (&read.id, &read.title, read.steps.len()));
        }
        assert_eq!(one_lesson.steps.len(), other_lesson.steps.len(), "{name}");
        for (a, b) in one_lesson.steps.iter().zip(&other_lesson.steps) {
            assert_eq!((&a.set, &a.look, &a.formula), (&b.set, &b.look, &b.formula), "{name}: {}", a.title);
            let rules = |step: &Step| {
                let question = step.question.as_ref()?;
                let rules: Vec<Option<Rule>> = match &question.kind {
                    Kind::Choose(choices) => choices.iter().map(|choice| choice.when.clone()).collect(),
                    Kind::Number { answer, .. } => vec![Some(answer.clone())],
                    Kind::Token(rule) | Kind::Head(rule) | Kind::Do(rule) => vec![Some(rule.clone())],
                };
                Some((rules, question.values.clone()))
            };
            assert_eq!(rules(a), rules(b), "{name}: {}", a.title);
            assert!(
                a.formula.as_ref().is_none_or(|formula| formulas[&**formula].is_array()),
                "{name}: {:?}",
                a.formula
            );
        }
    }
}

#[test]
fn the_example_of_the_guide_is_a_lesson() {
    let guide = include_str!("../../../../../docs/lessons/README.md");
    let example = guide.split("```json\n").nth(1).and_then(|rest| rest.split("```").next()).unwrap();
    assert!(lesson(example).is_ok(), "{:?}", lesson(example));
    for (_, name, _) in rule::ALL {
        assert!(guide.contains(&format!("`[\"{name}\"")), "the guide does not say what {name} is");
    }
}

#[test]
fn the_glossary_is_whole_in_both_languages() {
    let read = |file: &str| serde_json::from_str::<Value>(file).unwrap();
    let (english, chinese) =
        (read(include_str!("../../../assets/help/en.json")), read(include_str!("../../../assets/help/zh.json")));
    let formulas = read(include_str!("../../../assets/help/formulas.json"));
    let keys = |texts: &Value| texts["entries"].as_object().unwrap().keys().cloned().collect::<Vec<_>>();
    assert_eq!(keys(&english), keys(&chinese));
    assert_eq!(english["tour"].as_array().unwrap().len(), chinese["tour"].as_array().unwrap().len());
    for texts in [&english, &chinese] {
        for (key, entry) in texts["entries"].as_object().unwrap() {
            assert!(entry["title"].is_string() && entry["text"][0].is_string(), "{key}");
            assert!(entry["formula"].is_null() || formulas[entry["formula"].as_str().unwrap()].is_array(), "{key}");
            for other in entry["see"].as_array().into_iter().flatten() {
                assert!(texts["entries"][other.as_str().unwrap()].is_object(), "{key}: {other}");
            }
            let groups = texts["groups"].as_array().unwrap();
            let has = |group: &&Value| group["entries"].as_array().unwrap().contains(&json!(key));
            assert_eq!(groups.iter().filter(has).count(), 1, "{key} is in one group");
        }
        for stop in texts["tour"].as_array().unwrap() {
            assert!(read::PANELS.contains(&stop["panel"].as_str().unwrap()));
        }
    }
}
