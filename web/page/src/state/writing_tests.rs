use headlight_document::link::Written;
use headlight_document::message::Failure;
use headlight_document::{Aside, AttentionKind, Gazed, Piece, Row, Whose};

use super::*;

fn step(id: u32) -> Step {
    let candidate = |id: u32| Candidate { id, text: format!(" {id}"), logit: 0.0, prob: 0.5 };
    let token = OutputToken { id, text: format!(" {id}"), special: false, prob: 0.5 };
    Step { token, adds: format!(" {id}"), top: vec![candidate(id), candidate(id + 100)] }
}

fn id_of(commands: &[Command]) -> RequestId {
    let ids = commands.iter().find_map(|command| match command {
        Command::Generate { id, .. } => Some(*id),
        _ => None,
    });
    ids.unwrap()
}

fn generated(writing: &Writing, id: RequestId, ended: bool) -> Event {
    let generation = Generation {
        model: "m".into(),
        text: "t".into(),
        written: Vec::new(),
        replay: false,
        most: MOST,
        sampling: Sampling::default(),
    };
    let generated = Generated {
        generation,
        tokens: 1,
        steps: writing.steps.clone(),
        text: String::new(),
        ended,
        triangle: None,
        gazed: None,
    };
    Event::Generated { id, generated: Box::new(generated) }
}

#[test]
fn steps_come_one_by_one_and_what_was_given_up_is_not_heard() {
    let mut writing = Writing::default();
    let first = id_of(&writing.go_on("m", "t", Sampling::default()));
    assert!(writing.is_running() && is_of_writing(first));
    assert!(writing.hear(Event::Wrote { id: first, step: Box::new(step(1)) }));
    assert!(writing.go_on("m", "t", Sampling::default()).is_empty(), "it is writing already");
    assert_eq!(writing.stop(), [Command::Cancel { id: first }]);
    assert!(writing.hear(Event::Wrote { id: first, step: Box::new(step(2)) }));
    assert_eq!(writing.steps.len(), 1);
    // Going on carries what was written.
    let commands = writing.go_on("m", "t", Sampling::default());
    let Some(Command::Generate { id, generation }) = commands.first() else { panic!("{commands:?}") };
    assert_eq!(generation.written, [1]);
    assert!(writing.hear(generated(&writing.clone(), *id, true)));
    assert!(writing.ended && !writing.is_running());
    assert!(writing.go_on("m", "t", Sampling::default()).is_empty(), "the model ended it");
    // Another text begins anew.
    assert!(!writing.go_on("m", "u", Sampling::default()).is_empty());
    assert!(writing.steps.is_empty() && writing.is_of("m", "u"));
    assert!(!writing.hear(Event::Cancelled { id: 3 }));
}

#[test]
fn what_a_link_has_is_told_again_token_by_token() {
    let link = Written { tokens: vec![1, 102], open: Some(1), text: None, ..Written::default() };
    let mut writing = Writing::of_link("m", "t", link.clone());
    assert_eq!(writing.written("m", "t"), Some(link.clone()), "it goes on into the next link before it ran");
    assert!(writing.waits_for("m") && !writing.waits_for("n"));
    let commands = writing.tell_again();
    let Some(Command::Generate { id, generation }) = commands.first() else { panic!("{commands:?}") };
    assert_eq!((generation.replay, generation.most, &*generation.written), (true, 0, [1, 102].as_slice()));
    assert!(writing.is_told_again() && !writing.waits_for("m"));
    for at in [1, 102] {
        writing.hear(Event::Wrote { id: *id, step: Box::new(step(at)) });
    }
    writing.hear(generated(&writing.clone(), *id, false));
    assert_eq!((writing.open, writing.failed.as_ref(), writing.waits_for("m")), (Some(1), None, false));
    assert_eq!(writing.written("m", "t"), Some(link));
    // After it, it is written on as after anything.
    let Some(Command::Generate { generation, .. }) = writing.ask(Sampling::default()) else { unreachable!() };
    assert_eq!((generation.replay, generation.most, &*generation.written), (false, MOST, [1, 102].as_slice()));
}

#[test]
fn what_does_not_come_again_is_said() {
    let link = Written { tokens: vec![1, 2, 3], open: Some(2), text: Some("t".into()), ..Written::default() };
    let mut writing = Writing::of_link("m", "t 1", link.clone());
    // A text that goes on from it is still about it; another one, or another model, is not.
    assert_eq!(writing.written("m", "t 1"), Some(link.clone()));
    assert_eq!(writing.written("m", "u").or(writing.written("n", "t")), None);
    let id = id_of(&writing.go_on("m", "t", Sampling::default()));
    writing.hear(Event::Wrote { id, step: Box::new(step(1)) });
    writing.hear(generated(&writing.clone(), id, true));
    assert!(writing.failed.is_some() && writing.open.is_none() && !writing.waits_for("m"));
    // Who stops it has what was told.
    let mut writing = Writing::of_link("m", "t", link);
    let id = id_of(&writing.tell_again());
    writing.hear(Event::Wrote { id, step: Box::new(step(1)) });
    assert_eq!(writing.stop(), [Command::Cancel { id }]);
    assert_eq!(writing.written("m", "t").map(|written| (written.tokens, written.open)), Some((vec![1], None)));
    // A link in place of it is asked for under a number of its own.
    let first = id_of(&writing.go_on("m", "t", Sampling::default()));
    let again = Written { tokens: vec![4], ..Written::default() };
    assert_eq!(writing.replace(Writing::of_link("m", "u", again)), [Command::Cancel { id: first }]);
    assert!(id_of(&writing.tell_again()) > first && writing.is_of("m", "u"));
    // A worker that is gone has not told it.
    let _ = writing.go_on("m", "t", Sampling::default());
    writing.lose();
    assert!(!writing.waits_for("m"));
}

#[test]
fn another_choice_keeps_the_way_that_was_left() {
    let mut writing = Writing::default();
    let id = id_of(&writing.go_on("m", "t", Sampling::default()));
    for at in 1..=3 {
        writing.hear(Event::Wrote { id, step: Box::new(step(at)) });
    }
    let commands = writing.force(1, 102, Sampling::default());
    assert_eq!(commands.first(), Some(&Command::Cancel { id }));
    let Some(Command::Generate { generation, .. }) = commands.last() else { panic!("{commands:?}") };
    assert_eq!(generation.written, [1, 102]);
    assert_eq!(writing.others.len(), 1);
    assert!(writing.force(0, 999, Sampling::default()).is_empty(), "no candidate there");
    let _ = writing.take(0);
    assert_eq!(writing.steps.iter().map(|step| step.token.id).collect::<Vec<_>>(), [1, 2, 3]);
    assert_eq!(writing.others[0].steps.len(), 2);
}

fn triangle(written: &[u32], steps: &[usize]) -> Box<Triangle> {
    let piece = |id: u32| Piece { id, text: String::new(), special: false };
    let row = |step: usize| Row { step, ..Row::default() };
    let before = &written[..written.len() - 1];
    Box::new(Triangle {
        columns: std::iter::once(&0).chain(before).copied().map(piece).collect(),
        text: 1,
        written: written.iter().copied().map(piece).collect(),
        rows: steps.iter().copied().map(row).collect(),
        gazed: None,
    })
}

fn traced(commands: &[Command]) -> (RequestId, Vec<usize>) {
    let found = commands.iter().find_map(|command| match command {
        Command::Trace { id, trace } => Some((*id, trace.steps.clone())),
        _ => None,
    });
    found.unwrap()
}

#[test]
fn rows_are_asked_for_once_and_stay_true() {
    let mut writing = Writing::default();
    let id = id_of(&writing.go_on("m", "t", Sampling::default()));
    for at in 1..=3 {
        writing.hear(Event::Wrote { id, step: Box::new(step(at)) });
    }
    writing.hear(generated(&writing.clone(), id, false));
    let (one, steps) = traced(&writing.trace(Read::Logit, Some(1)));
    assert_eq!(steps, [1]);
    // All others give up what is under way.
    let commands = writing.trace(Read::Logit, None);
    assert_eq!(commands.first(), Some(&Command::Cancel { id: one }));
    let (all, steps) = traced(&commands);
    assert_eq!((steps, writing.is_tracing()), (vec![0, 1, 2], Some(3)));
    assert!(writing.hear(Event::Traced { id: one, new: triangle(&[1, 2, 3], &[1]) }), "nobody waits for it");
    assert!(writing.triangle.is_none());
    writing.hear(Event::Traced { id: all, new: triangle(&[1, 2, 3], &[0, 1]) });
    writing.hear(Event::Traced { id: all, new: triangle(&[1, 2, 3], &[2]) });
    writing.hear(Event::Traced { id: all, new: triangle(&[1, 2, 3], &[]) });
    assert_eq!((writing.is_tracing(), writing.triangle.as_ref().unwrap().rows.len()), (None, 3));
    assert!(writing.trace(Read::Logit, None).is_empty(), "all is known");
    // Another choice keeps the rows before it.
    let _ = writing.force(1, 102, Sampling::default());
    assert_eq!(writing.triangle.as_ref().unwrap().rows.len(), 1);
    assert_eq!(traced(&writing.trace(Read::Logit, None)).1, [1]);
    // Going back keeps what both ways have.
    let _ = writing.take(0);
    assert_eq!(traced(&writing.trace(Read::Logit, None)).1, [1, 2]);
    // Read otherwise, all is asked again.
    assert_eq!(traced(&writing.trace(Read::Prob, None)).1, [0, 1, 2]);
    writing.lose();
    assert_eq!(writing.is_tracing(), None);
    // Another text knows nothing.
    let kept = writing.kept();
    let again = Writing::of_kept(&kept).unwrap();
    assert_eq!((&again.from, &again.steps, &again.others), (&writing.from, &writing.steps, &writing.others));
    assert!(!again.is_running() && Writing::of_kept(&kept[1..]).is_none());
    assert_eq!(Writing::default().kept(), "");
    let _ = writing.go_on("m", "u", Sampling::default());
    assert!(writing.triangle.is_none() && writing.trace(Read::Prob, None).is_empty());
}

#[test]
fn a_token_is_asked_about_after_the_text_as_it_is() {
    let mut writing = Writing::default();
    let id = id_of(&writing.go_on("m", "t", Sampling::default()));
    for at in 1..=3 {
        let adds = if at == 2 { String::new() } else { format!(" {at}") };
        writing.hear(Event::Wrote { id, step: Box::new(Step { adds, ..step(at) }) });
    }
    assert_eq!(writing.question(0), Some(("t".into(), 1)));
    assert_eq!(writing.question(1), Some(("t 1".into(), 2)));
    assert_eq!(writing.question(2), None, "half a character");
    assert!(writing.failed.is_some());
    assert_eq!(writing.question(9), None);
    // A translation is asked about whole: as the model writes it, or as it was led elsewhere.
    assert_eq!(writing.question_of_translation(2), Some(("t".into(), 3, Vec::new())));
    let _ = writing.force(1, 102, Sampling::default());
    assert_eq!(writing.question_of_translation(0), Some(("t".into(), 1, vec![1, 102])));
    assert_eq!(writing.question_of_translation(2), None);
}

#[test]
fn a_failure_is_said_and_can_be_tried_again() {
    let mut writing = Writing::default();
    let id = id_of(&writing.go_on("m", "t", Sampling::default()));
    let failure = Failure { message: "No.".into(), retry: true };
    assert!(writing.hear(Event::Failed { id, failure }));
    assert_eq!(writing.failed.as_deref(), Some("No."));
    assert!(!writing.go_on("m", "t", Sampling::default()).is_empty());
    assert_eq!(writing.failed, None);
}

#[test]
fn attention_is_asked_for_all_at_once_and_stays_true() {
    let mut writing = Writing::default();
    let id = id_of(&writing.go_on("m", "t", Sampling::default()));
    for at in 1..=3 {
        writing.hear(Event::Wrote { id, step: Box::new(step(at)) });
    }
    writing.hear(generated(&writing.clone(), id, false));
    let last = Gaze { kind: AttentionKind::SelfAttention, whose: None };
    let one = Gaze { whose: Some(Whose::Head(1, 0)), ..last };
    let seen = |gaze: Gaze, written: &[u32], steps: &[usize]| {
        let whose = gaze.whose.unwrap_or(Whose::Layer(3));
        let gazed = Some(Gazed { kind: gaze.kind, whose, layers: 4, heads: 2 });
        Box::new(Triangle { gazed, ..*triangle(written, steps) })
    };
    let (id, steps) = traced(&writing.look(last));
    assert!(steps.is_empty() && writing.is_gazing(), "all of them");
    writing.hear(Event::Traced { id, new: seen(last, &[1, 2, 3], &[0, 1, 2]) });
    writing.hear(Event::Traced { id, new: seen(last, &[1, 2, 3], &[]) });
    assert!(!writing.is_gazing() && writing.look(last).is_empty(), "it is known");
    // Another head's takes its place, and what stood there stays until then.
    let (id, _) = traced(&writing.look(one));
    assert_eq!(writing.gazed.as_ref().and_then(|known| known.gazed).map(|of| of.whose), Some(Whose::Layer(3)));
    writing.hear(Event::Traced { id, new: seen(one, &[1, 2, 3], &[0, 1, 2]) });
    writing.hear(Event::Traced { id, new: seen(one, &[1, 2, 3], &[]) });
    assert_eq!(writing.gazed.as_ref().and_then(|known| known.gazed).map(|of| of.whose), Some(Whose::Head(1, 0)));
    // Gradients are another matter.
    assert!(writing.triangle.is_none() && writing.is_tracing().is_none());
    // Another choice keeps the rows before it; the rest is asked for again.
    let _ = writing.force(1, 102, Sampling::default());
    assert_eq!(writing.gazed.as_ref().unwrap().rows.len(), 1);
    let (id, _) = traced(&writing.look(one));
    assert!(writing.hear(Event::Traced { id, new: triangle(&[1, 102], &[0, 1]) }), "an engine that knows of none");
    assert_eq!(writing.gazed.as_ref().unwrap().rows.len(), 1);
    let failure = Failure { message: "No.".into(), retry: false };
    assert!(writing.hear(Event::Failed { id, failure }) && !writing.is_gazing() && writing.failed.is_some());
    let again = writing.look(one);
    writing.lose();
    assert!(!again.is_empty() && !writing.is_gazing());
}

fn told(writing: &mut Writing, id: RequestId, ids: &[u32], ended: bool) {
    for at in ids {
        writing.hear(Event::Wrote { id, step: Box::new(step(*at)) });
    }
    writing.hear(generated(&writing.clone(), id, ended));
}

#[test]
fn other_ways_of_a_link_are_told_again_after_the_one_that_stands_there() {
    let drawn = Sampling { temperature: 0.7, seed: 5, ..Sampling::default() };
    let mut own = Writing::default();
    let id = id_of(&own.go_on("m", "t", drawn));
    told(&mut own, id, &[1, 2, 3], false);
    let id = id_of(&own.force(1, 102, drawn));
    told(&mut own, id, &[9], true);
    let link = own.written("m", "t").unwrap();
    let taken = Chosen { from: 1, sampling: drawn, taken: true };
    assert_eq!(link.chosen, [Chosen { from: 0, sampling: drawn, taken: false }, taken]);
    let aside = Aside { after: 1, tokens: vec![2, 3], chosen: vec![Chosen { taken: false, from: 0, ..taken }] };
    assert_eq!((&*link.tokens, &*link.others), (&[1, 102, 9][..], &[aside][..]));

    let mut writing = Writing::of_link("m", "t", link.clone());
    let id = id_of(&writing.tell_again());
    assert_eq!(writing.written("m", "t").as_ref(), Some(&link), "it goes on into the next link before it ran");
    told(&mut writing, id, &[1, 102, 9], true);
    assert!(writing.waits_for("m") && writing.others.is_empty() && writing.is_told_aside().is_none());
    let commands = writing.tell_again();
    let Some(Command::Generate { id, generation }) = commands.first() else { panic!("{commands:?}") };
    assert_eq!((generation.replay, generation.most, &*generation.written), (true, 0, [1, 2, 3].as_slice()));
    writing.hear(Event::Wrote { id: *id, step: Box::new(step(1)) });
    // What stands there is looked at meanwhile.
    assert_eq!((writing.is_told_aside(), writing.is_growing(), writing.is_running()), (Some((1, 3)), false, true));
    told(&mut writing, *id, &[2, 3], false);
    assert!(!writing.waits_for("m") && !writing.is_running());
    assert_eq!(writing.steps.len(), 3);
    assert_eq!(writing.written("m", "t"), Some(link.clone()));
    assert_eq!(writing.others, own.others);

    // Taking another token meanwhile loses none of them; stopping gives them up.
    let mut writing = Writing::of_link("m", "t", link.clone());
    let id = id_of(&writing.tell_again());
    told(&mut writing, id, &[1, 102, 9], false);
    let _ = writing.tell_again();
    let id = id_of(&writing.force(0, 101, drawn));
    told(&mut writing, id, &[4], false);
    assert!(writing.waits_for("m"));
    assert_eq!(writing.written("m", "t").unwrap().others.len(), 2);
    let _ = writing.tell_again();
    let _ = writing.stop();
    assert!(!writing.waits_for("m"));
    // What does not come again is said, and is no way.
    let mut writing = Writing::of_link("m", "t", link);
    let id = id_of(&writing.tell_again());
    told(&mut writing, id, &[1, 102, 9], false);
    let id = id_of(&writing.tell_again());
    told(&mut writing, id, &[1, 2], false);
    assert!(writing.failed.is_some() && writing.others.is_empty() && !writing.waits_for("m"));
}

#[test]
fn what_came_with_a_document_stands_there_until_it_is_told_again() {
    let mut own = Writing::default();
    let id = id_of(&own.go_on("m", "t", Sampling::default()));
    told(&mut own, id, &[1, 2], false);
    let id = id_of(&own.force(1, 102, Sampling::default()));
    told(&mut own, id, &[9], true);
    own.open = Some(1);
    own.triangle = Some(*triangle(&[1, 102, 9], &[0, 2]));
    own.read = Some(Read::Prob);
    let wrote = own.wrote("m", "t and more").unwrap();
    assert_eq!((wrote.text.as_str(), wrote.way.ended, wrote.others.len(), wrote.open), ("t", true, 1, Some(1)));
    assert_eq!(own.wrote("m", "u").or(own.wrote("n", "t")), None, "it is of another text, or another model's");

    let mut writing = Writing::of_document("m", wrote.clone());
    assert!(writing.is_frozen && !writing.waits_for("m"));
    assert_eq!(writing.wrote("m", "t"), Some(wrote), "it goes on into the next file");
    assert_eq!(writing.written("m", "t"), own.written("m", "t"));
    // Another way is gone to without a model.
    assert!(writing.take(0).is_empty() && writing.is_frozen);
    assert_eq!(writing.steps.len(), 2);
    writing.thaw();
    assert!(!writing.is_frozen && writing.waits_for("m"));
    let Some(Command::Generate { generation, .. }) = writing.tell_again().pop() else { unreachable!() };
    assert_eq!((generation.replay, &*generation.written), (true, [1, 2].as_slice()));
    assert_eq!(writing.aside.len(), 1);
}
