use super::*;

use headlight_document::Task;

fn sample() -> Explanation {
    serde_json::from_str(include_str!("../../assets/sample.json")).unwrap()
}

fn form(text: &str) -> Form {
    Form::new("smollm2", Task::Continue, text)
}

fn note(history: &mut History, text: &str, document: &Arc<Explanation>) {
    let form = form(text);
    let request = form.request();
    history.note(form, request, Arc::clone(document), 0.0);
}

fn pieces(text: &str) -> Vec<String> {
    text.split(' ').map(str::to_owned).collect()
}

#[test]
fn questions_are_remembered_newest_first_and_once() {
    let (mut history, document) = (History::default(), Arc::new(sample()));
    for text in ["one", "two", "one"] {
        note(&mut history, text, &document);
    }
    let texts: Vec<_> = history.all().map(|past| &*past.form.text).collect();
    assert_eq!(texts, ["one", "two"]);
    let key = history.all().next().unwrap().key;
    assert_eq!(history.get(key).unwrap().said.1, document.model.title);
    assert!(history.get(99).is_none());
    assert!(history.answer(&form("two").cheap_request()).is_some());
    assert!(history.answer(&form("three").request()).is_none());
}

#[test]
fn answers_are_given_up_before_questions_are() {
    let (mut history, document) = (History::default(), Arc::new(sample()));
    for at in 0..QUESTIONS + 5 {
        note(&mut history, &format!("text {at}"), &document);
    }
    assert_eq!(history.all().count(), QUESTIONS);
    assert_eq!(history.all().filter(|past| past.document.is_some()).count(), ANSWERS);
    assert!(history.answer(&form("text 5").request()).is_none());

    // A long text's maps: three of them are too much.
    let mut large = sample();
    large.attention[0].values = Some(vec![0.0; 10 << 20]);
    let large = Arc::new(large);
    let mut history = History::default();
    for text in ["one", "two", "three"] {
        note(&mut history, text, &large);
    }
    let kept: Vec<_> = history.all().map(|past| past.document.is_some()).collect();
    assert_eq!(kept, [true, true, false]);
}

#[test]
fn a_step_back_is_a_choice_or_all_that_was_typed_at_once() {
    let mut steps = Steps::default();
    let (plain, mut now) = (form("A"), form("A"));
    for (at, text) in ["A ", "A t", "A te", "A tex"].into_iter().enumerate() {
        let before = now.clone();
        now.set_text(text.to_owned());
        steps.note(before, &now, at as f64 * 100.0);
    }
    let typed = now.clone();
    for at in [1, 2] {
        let before = now.clone();
        now.read = if at == 1 { headlight_document::Read::Prob } else { headlight_document::Read::LogProb };
        steps.note(before, &now, 500.0);
    }
    // What changes nothing is no step.
    steps.note(now.clone(), &now, 600.0);
    assert_eq!(steps.back().unwrap().read, headlight_document::Read::Prob);
    assert_eq!(steps.back().unwrap(), typed);
    assert_eq!(steps.back().unwrap(), plain);
    assert!(steps.back().is_none());
}

#[test]
fn only_so_many_steps_are_kept() {
    let mut steps = Steps::default();
    let mut now = form("0");
    for at in 1..=STEPS + 10 {
        let before = now.clone();
        now.set_text(at.to_string());
        steps.note(before, &now, at as f64 * 10_000.0);
    }
    let mut count = 0;
    while steps.back().is_some() {
        count += 1;
    }
    assert_eq!(count, STEPS);
}

#[test]
fn tokens_that_are_the_same_stand_beside_each_other() {
    let pairs = |a: &str, b: &str| aligned(&pieces(a), &pieces(b));
    let both = |i, j| (Some(i), Some(j));
    assert_eq!(pairs("a b c", "a b c"), [both(0, 0), both(1, 1), both(2, 2)]);
    assert_eq!(pairs("a b c", "a x c"), [both(0, 0), (Some(1), None), (None, Some(1)), both(2, 2)]);
    assert_eq!(pairs("a b", "b a b"), [(None, Some(0)), both(0, 1), both(1, 2)]);
    assert_eq!(
        pairs("a p b q c", "a b r c"),
        [both(0, 0), (Some(1), None), both(2, 1), (Some(3), None), (None, Some(2)), both(4, 3)]
    );
    // A middle that is too long is laid one after the other.
    let (long, other) = (pieces(&"a ".repeat(1200)), pieces(&"b ".repeat(1200)));
    assert_eq!(aligned(&long, &other).len(), 2400 + 1);
}

#[test]
fn two_explanations_differ_where_their_tokens_are_the_same() {
    let first = sample();
    let mut second = sample();
    let tokens = first.input.tokens.len();
    second.input.tokens[1].text = " other".to_owned();
    for attribution in &mut second.attributions {
        for value in &mut attribution.values {
            *value += 0.5;
        }
    }
    let found = beside(&first, &second, Method::Saliency).unwrap();
    assert_eq!((found.method, found.lines.len()), (Method::Saliency, tokens + 1));
    assert!((found.lines[0].difference().unwrap() - 0.5).abs() < 1e-12);
    assert_eq!((found.lines[1].difference(), found.lines[2].first), (None, None));
    let table = found.table();
    let cells: Vec<Vec<&str>> = table.lines().map(|line| line.split(',').collect()).collect();
    assert_eq!((&*cells[0], cells.len()), (&["text", "first", "second", "difference"][..], found.lines.len() + 1));
    assert_eq!(cells[1][1], found.lines[0].first.unwrap().to_string());
    assert_eq!((cells[2][2], cells[2][3], cells[3][1]), ("", "", ""));
    // A method that one lacks gives way to one that both have.
    second.attributions.retain(|one| one.method == Method::GradXInput);
    assert_eq!(beside(&first, &second, Method::Saliency).unwrap().method, Method::GradXInput);
    second.attributions.clear();
    assert!(beside(&first, &second, Method::Saliency).is_none());
}

#[test]
fn times_are_told_in_their_unit() {
    let minute = 60_000.0;
    assert_eq!(ago(-5.0), ("now", 0));
    assert_eq!(ago(0.9 * minute), ("now", 0));
    assert_eq!(ago(5.5 * minute), ("minute", 5));
    assert_eq!(ago(125.0 * minute), ("hour", 2));
    assert_eq!(ago(3000.0 * minute), ("day", 2));
}
