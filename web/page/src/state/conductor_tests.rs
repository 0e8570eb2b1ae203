use headlight_document::message::DeviceKind;
use headlight_document::{Task, explanation};

use super::*;

fn device() -> DeviceInfo {
    DeviceInfo { kind: DeviceKind::Cpu, name: "CPU".into(), reason: None }
}

fn question(text: &str) -> Box<Request> {
    Box::new(Request::new("smollm2", Task::Continue, text))
}

fn answer() -> Box<Explanation> {
    Box::new(Explanation {
        schema: explanation::SCHEMA.into(),
        model: headlight_document::Model {
            id: "smollm2".into(),
            title: String::new(),
            sha256: String::new(),
            family: String::new(),
            layers: 1,
            heads: 1,
            key_value_heads: 1,
            license: String::new(),
            device: "cpu".into(),
        },
        input: headlight_document::Input {
            task: Task::Continue,
            text: "a".into(),
            second_text: None,
            prompt: None,
            tokens: vec![],
        },
        output: headlight_document::Output::default(),
        target: headlight_document::Target {
            kind: headlight_document::TargetKind::NextToken,
            position: None,
            end: None,
            id: None,
            text: String::new(),
            read: headlight_document::Read::Logit,
            value: 0.0,
            foil: None,
        },
        attributions: vec![],
        agreement: vec![],
        faithfulness: None,
        heads: None,
        changed: None,
        written: None,
        layers: vec![],
        attention: vec![],
        warnings: vec![],
        timing_ms: std::collections::BTreeMap::default(),
        request: None,
    })
}

fn heard(event: Event) -> Input {
    Input::Heard(Box::new(event))
}

fn loaded(id: RequestId) -> Input {
    heard(Event::Loaded { id, model: "smollm2".into(), entry: None, cached: false, kept: true, milliseconds: 1.0 })
}

/// A conductor whose worker holds `smollm2` ready.
fn ready() -> Conductor {
    let mut conductor = Conductor::new(DeviceChoice::Auto);
    conductor.step(Input::Load("smollm2".into()));
    conductor.step(heard(Event::Started { device: device() }));
    conductor.step(loaded(1));
    conductor
}

#[test]
fn a_model_that_the_browser_does_not_keep_is_not_said_to_be_kept() {
    let mut conductor = Conductor::new(DeviceChoice::Auto);
    conductor.step(Input::Load("smollm2".into()));
    conductor.step(heard(Event::Started { device: device() }));
    let event =
        Event::Loaded { id: 1, model: "smollm2".into(), entry: None, cached: false, kept: false, milliseconds: 1.0 };
    assert_eq!(conductor.step(heard(event)), [Effect::Remember("smollm2".into(), false)]);
    assert_eq!(conductor.loaded.as_deref(), Some("smollm2"));
}

#[test]
fn a_question_starts_the_worker_loads_its_model_and_is_asked() {
    let mut conductor = Conductor::new(DeviceChoice::Cpu);
    assert_eq!(
        conductor.step(Input::Ask(question("a"))),
        [Effect::Spawn, Effect::Post(Command::Start { device: DeviceChoice::Cpu })]
    );
    assert_eq!(conductor.step(heard(Event::Started { device: device() })), [Effect::PostLoad(1, "smollm2".into())]);
    assert_eq!(conductor.loading(), Some("smollm2"));
    assert_eq!(
        conductor.step(loaded(1)),
        [Effect::Remember("smollm2".into(), true), Effect::Post(Command::Explain { id: 2, request: question("a") })]
    );
    assert_eq!(
        conductor.step(heard(Event::Explained { id: 2, explanation: answer() })),
        [Effect::Show(2, answer(), question("a"))]
    );
    assert_eq!(conductor.flight, None);
}

#[test]
fn a_newer_question_cancels_the_older_and_waits_for_its_end() {
    let mut conductor = ready();
    conductor.step(Input::Ask(question("a")));
    assert_eq!(conductor.step(Input::Ask(question("ab"))), [Effect::Post(Command::Cancel { id: 2 }), Effect::Watch(2)]);
    // An even newer one sends no second cancel and no second question.
    assert_eq!(conductor.step(Input::Ask(question("abc"))), []);
    assert_eq!(
        conductor.step(heard(Event::Cancelled { id: 2 })),
        [Effect::Post(Command::Explain { id: 3, request: question("abc") })]
    );
}

#[test]
fn an_answer_that_came_too_late_is_not_shown() {
    let mut conductor = ready();
    conductor.step(Input::Ask(question("a")));
    conductor.step(Input::Ask(question("ab")));
    assert_eq!(
        conductor.step(heard(Event::Explained { id: 2, explanation: answer() })),
        [Effect::Post(Command::Explain { id: 3, request: question("ab") })]
    );
}

#[test]
fn the_same_question_twice_is_asked_once() {
    let mut conductor = ready();
    conductor.step(Input::Ask(question("a")));
    assert_eq!(conductor.step(Input::Ask(question("a"))), []);
    conductor.step(heard(Event::Explained { id: 2, explanation: answer() }));
    assert!(!conductor.is_asked());
}

#[test]
fn a_worker_that_does_not_hear_a_cancel_is_replaced() {
    let mut conductor = ready();
    conductor.step(Input::Ask(question("a")));
    conductor.step(Input::Ask(question("ab")));
    let progress = Event::Progress { id: 2, stage: Stage::Forward, done: 1, total: None };
    assert_eq!(conductor.step(heard(progress)), [Effect::Watch(2)]);
    assert_eq!(
        conductor.step(Input::Silence(2)),
        [Effect::Spawn, Effect::Post(Command::Start { device: DeviceChoice::Auto })]
    );
    conductor.step(heard(Event::Started { device: device() }));
    assert_eq!(
        conductor.step(loaded(3)).last(),
        Some(&Effect::Post(Command::Explain { id: 4, request: question("ab") }))
    );
    // The old clock's end means nothing now.
    assert_eq!(conductor.step(Input::Silence(2)), []);
}

#[test]
fn cancelling_a_load_leaves_nothing_to_do_and_another_try_works() {
    let mut conductor = Conductor::new(DeviceChoice::Auto);
    conductor.step(Input::Ask(question("a")));
    conductor.step(heard(Event::Started { device: device() }));
    assert_eq!(conductor.step(Input::Cancel), [Effect::Post(Command::Cancel { id: 1 }), Effect::Watch(1)]);
    assert_eq!(conductor.step(heard(Event::Cancelled { id: 1 })), []);
    assert_eq!(conductor.step(Input::Load("smollm2".into())), [Effect::PostLoad(2, "smollm2".into())]);
}

#[test]
fn cancelling_while_the_worker_starts_ends_it() {
    let mut conductor = Conductor::new(DeviceChoice::Auto);
    conductor.step(Input::Load("smollm2".into()));
    assert_eq!(conductor.step(Input::Cancel), [Effect::Terminate]);
    assert_eq!(conductor.phase, Phase::Idle);
}

#[test]
fn a_failed_load_can_be_tried_again_with_the_question_kept() {
    let mut conductor = Conductor::new(DeviceChoice::Auto);
    conductor.step(Input::Ask(question("a")));
    conductor.step(heard(Event::Started { device: device() }));
    let failure = Failure { message: "The download broke off.".into(), retry: true };
    assert_eq!(conductor.step(heard(Event::Failed { id: 1, failure: failure.clone() })), []);
    assert_eq!(conductor.trouble.as_ref().map(|trouble| &trouble.failure), Some(&failure));
    assert_eq!(conductor.step(Input::Retry), [Effect::PostLoad(2, "smollm2".into())]);
    assert_eq!(conductor.trouble, None);
    assert_eq!(
        conductor.step(loaded(2)).last(),
        Some(&Effect::Post(Command::Explain { id: 3, request: question("a") }))
    );
}

#[test]
fn a_lost_device_is_said_and_a_restart_takes_up_the_question() {
    let mut conductor = ready();
    conductor.step(Input::Ask(question("a")));
    assert_eq!(conductor.step(heard(Event::DeviceLost { message: "Gone.".into() })), [Effect::Terminate]);
    assert_eq!(conductor.phase, Phase::Down { message: "Gone.".into(), lost: true });
    // Nothing happens until the person says so.
    assert_eq!(conductor.step(Input::Ask(question("ab"))), []);
    assert_eq!(
        conductor.step(Input::Restart(DeviceChoice::Cpu)),
        [Effect::Spawn, Effect::Post(Command::Start { device: DeviceChoice::Cpu })]
    );
    conductor.step(heard(Event::Started { device: device() }));
    assert_eq!(
        conductor.step(loaded(3)).last(),
        Some(&Effect::Post(Command::Explain { id: 4, request: question("ab") }))
    );
}

#[test]
fn a_device_that_cannot_start_is_a_sentence() {
    let mut conductor = Conductor::new(DeviceChoice::Webgpu);
    conductor.step(Input::Load("smollm2".into()));
    let failure = Failure { message: "No WebGPU here.".into(), retry: false };
    conductor.step(heard(Event::Failed { id: 0, failure }));
    assert_eq!(conductor.phase, Phase::Down { message: "No WebGPU here.".into(), lost: false });
}

#[test]
fn another_model_replaces_the_one_being_loaded() {
    let mut conductor = Conductor::new(DeviceChoice::Auto);
    conductor.step(Input::Load("smollm2".into()));
    conductor.step(heard(Event::Started { device: device() }));
    assert_eq!(
        conductor.step(Input::Load("minilm".into())),
        [Effect::Post(Command::Cancel { id: 1 }), Effect::Watch(1)]
    );
    assert_eq!(conductor.step(heard(Event::Cancelled { id: 1 })), [Effect::PostLoad(2, "minilm".into())]);
}

#[test]
fn a_question_that_nobody_can_answer_is_a_sentence_until_the_next_one() {
    let mut conductor = ready();
    conductor.step(Input::Ask(question("a")));
    assert_eq!(
        conductor.step(Input::Refuse(question("aaa"), "Too long.".into())),
        [Effect::Post(Command::Cancel { id: 2 }), Effect::Watch(2)]
    );
    assert_eq!(conductor.trouble.as_ref().map(|trouble| trouble.failure.message.as_str()), Some("Too long."));
    conductor.step(heard(Event::Cancelled { id: 2 }));
    assert_eq!(
        conductor.step(Input::Ask(question("ab"))),
        [Effect::Post(Command::Explain { id: 3, request: question("ab") })]
    );
    assert_eq!(conductor.trouble, None);
}

#[test]
fn a_worker_can_be_started_before_it_is_needed() {
    let mut conductor = Conductor::new(DeviceChoice::Webgpu);
    assert_eq!(
        conductor.step(Input::Start),
        [Effect::Spawn, Effect::Post(Command::Start { device: DeviceChoice::Webgpu })]
    );
    assert_eq!(conductor.step(Input::Start), []);
    assert_eq!(conductor.step(heard(Event::Started { device: device() })), []);
}

#[test]
fn strangers_events_change_nothing() {
    let mut conductor = ready();
    let before = conductor.clone();
    conductor.step(heard(Event::Cancelled { id: 99 }));
    conductor.step(heard(Event::Explained { id: 98, explanation: answer() }));
    conductor.step(heard(Event::Progress { id: 97, stage: Stage::Forward, done: 1, total: None }));
    assert_eq!(conductor, before);
}

fn explained(id: RequestId) -> Input {
    heard(Event::Explained { id, explanation: answer() })
}

#[test]
fn a_comparison_waits_for_the_question_and_is_shown_apart() {
    let mut conductor = ready();
    conductor.step(Input::Ask(question("a")));
    assert_eq!(conductor.step(Input::Compare(question("a"))), []);
    assert!(conductor.comparing().is_some());
    assert_eq!(
        conductor.step(explained(2)),
        [Effect::Show(2, answer(), question("a")), Effect::Post(Command::Explain { id: 3, request: question("a") })]
    );
    assert_eq!(conductor.step(explained(3)), [Effect::ShowComparison(answer(), question("a"))]);
    assert_eq!(conductor.comparing(), None);
}

#[test]
fn a_comparison_goes_on_beside_the_same_number_and_ends_with_another() {
    let mut conductor = ready();
    conductor.step(Input::Compare(question("a")));
    let mut same = question("a");
    same.methods.push(headlight_document::Method::Lime);
    assert_eq!(conductor.step(Input::Ask(same.clone())), [], "it waits");
    assert_eq!(conductor.step(Input::Forget), [], "a question that is answered already ends no comparison");
    assert!(conductor.comparing().is_some());
    conductor.step(Input::Ask(same.clone()));
    assert_eq!(conductor.step(Input::Ask(question("b"))), [Effect::Post(Command::Cancel { id: 2 }), Effect::Watch(2)]);
    assert_eq!(conductor.comparing(), None);
    assert_eq!(
        conductor.step(heard(Event::Cancelled { id: 2 })),
        [Effect::Post(Command::Explain { id: 3, request: question("b") })]
    );
    assert_eq!(conductor.step(explained(3)), [Effect::Show(3, answer(), question("b"))], "and is not taken up again");
}

#[test]
fn another_comparison_takes_the_place_of_one_and_a_cancel_ends_both() {
    let mut conductor = ready();
    conductor.step(Input::Compare(question("a")));
    assert_eq!(conductor.step(Input::Compare(question("a"))), [], "the same again is under way");
    let mut other = question("a");
    other.parameters.seed = 1;
    assert_eq!(conductor.step(Input::Compare(other.clone()))[0], Effect::Post(Command::Cancel { id: 2 }));
    assert_eq!(conductor.comparing(), Some(&*other));
    assert_eq!(conductor.step(Input::Cancel), []);
    assert_eq!(conductor.step(heard(Event::Cancelled { id: 2 })), []);
    assert_eq!((conductor.comparing(), &conductor.flight), (None, &None));
}

#[test]
fn a_comparison_that_failed_can_be_tried_again() {
    let mut conductor = ready();
    conductor.step(Input::Compare(question("a")));
    let failure = Failure { message: "No.".into(), retry: true };
    conductor.step(heard(Event::Failed { id: 2, failure: failure.clone() }));
    assert_eq!(conductor.trouble, Some(Trouble { errand: Errand::Compare(question("a")), failure }));
    assert_eq!(conductor.step(Input::Retry), [Effect::Post(Command::Explain { id: 3, request: question("a") })]);
    conductor.step(heard(Event::DeviceLost { message: "Gone.".into() }));
    conductor.step(Input::Restart(DeviceChoice::Cpu));
    assert_eq!(conductor.comparing(), Some(&*question("a")), "a new worker takes it up");
}

#[test]
fn an_estimate_is_shown_while_its_request_runs_and_not_after() {
    let estimated = |id| heard(Event::Estimated { id, attributions: vec![] });
    let mut conductor = ready();
    conductor.step(Input::Compare(question("a")));
    let id = conductor.flight.as_ref().unwrap().id;
    let effects = conductor.step(estimated(id));
    assert!(matches!(&effects[..], [Effect::Estimate { is_comparison: true, .. }]), "{effects:?}");
    assert!(conductor.step(estimated(id + 1)).is_empty());
    conductor.step(Input::Cancel);
    assert!(conductor.step(estimated(id)).is_empty());
}
