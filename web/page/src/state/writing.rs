//! What a model writes on its own: the text that it goes on from, each step with what else it might have said, and other ways
//! that were taken before.

use headlight_document::generation::MAX_WRITTEN;
use headlight_document::message::{Command, Event, RequestId};
use headlight_document::{Candidate, Generated, Generation, OutputToken, Read, Sampling, Step, Trace, Triangle};
use serde::{Deserialize, Serialize};

use crate::locale::say;

/// The first number of a request to write, apart from those of sources, looks and the page’s other requests.
pub const FIRST: RequestId = (1 << 31) + (1 << 29);

/// How many tokens are written at a time.
pub const MOST: usize = 32;

/// How many other ways are kept.
const KEPT: usize = 12;

/// How many bytes are kept for the next visit at most.
const MOST_KEPT: usize = 400_000;

/// One way in which a text goes on.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Way {
    /// Its steps.
    pub steps: Vec<Step>,
    /// Whether the model ended it.
    pub ended: bool,
}

/// What of it is kept for the next visit.
#[derive(Serialize, Deserialize)]
struct Kept {
    from: (String, String),
    way: Way,
    others: Vec<Way>,
}

/// What is written, and what is being.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Writing {
    /// The model and the text that is gone on with; none before anything was asked.
    pub from: Option<(String, String)>,
    /// The steps so far.
    pub steps: Vec<Step>,
    /// Whether the model ended the text.
    pub ended: bool,
    /// The step that is looked at.
    pub open: Option<usize>,
    /// What went wrong.
    pub failed: Option<String>,
    /// Other ways, the newest last.
    pub others: Vec<Way>,
    /// What the tokens rest on, as far as that is known.
    pub triangle: Option<Triangle>,
    /// As what they were read for that.
    pub read: Option<Read>,
    /// What the model would say in a place that was asked about.
    pub suggested: Option<Vec<Candidate>>,
    suggesting: Option<RequestId>,
    tracing: Option<(RequestId, usize)>,
    running: Option<RequestId>,
    asked: RequestId,
}

impl Writing {
    /// What was written, for the next visit; nothing where nothing was, or far too much.
    #[must_use]
    pub fn kept(&self) -> String {
        let Some(from) = self.from.clone().filter(|_| !self.steps.is_empty()) else { return String::new() };
        let way = Way { steps: self.steps.clone(), ended: self.ended };
        let text = |others| serde_json::to_string(&Kept { from: from.clone(), way: way.clone(), others });
        let all = [self.others.clone(), Vec::new()].into_iter().filter_map(|others| text(others).ok());
        all.into_iter().find(|text| text.len() <= MOST_KEPT).unwrap_or_default()
    }

    /// What was written at the last visit.
    #[must_use]
    pub fn of_kept(text: &str) -> Option<Self> {
        let Kept { from, way: Way { steps, ended }, mut others } = serde_json::from_str(text).ok()?;
        others.truncate(KEPT);
        (steps.len() <= MAX_WRITTEN).then(|| Self { from: Some(from), steps, ended, others, ..Self::default() })
    }

    /// Whether something is being written.
    #[must_use]
    pub fn is_running(&self) -> bool {
        self.running.is_some()
    }

    /// Whether it goes on from this text with this model.
    #[must_use]
    pub fn is_of(&self, model: &str, text: &str) -> bool {
        self.from.as_ref().is_some_and(|(of, from)| of == model && from == text)
    }

    /// Asks what the model would say after a text.
    #[must_use]
    pub fn suggest(&mut self, model: &str, text: &str) -> Vec<Command> {
        let given_up = self.suggesting.take().map(|id| Command::Cancel { id });
        let id = self.next();
        (self.suggesting, self.suggested) = (Some(id), None);
        let generation = Generation {
            model: model.to_owned(),
            text: text.to_owned(),
            written: Vec::new(),
            replay: false,
            most: 1,
            sampling: Sampling::default(),
        };
        given_up.into_iter().chain([Command::Generate { id, generation: Box::new(generation) }]).collect()
    }

    /// How many rows are being worked out; none where none are.
    #[must_use]
    pub fn is_tracing(&self) -> Option<usize> {
        self.tracing.map(|(_, rows)| rows)
    }

    /// Works out what these tokens rest on, those that are not known; all where none are named.
    #[must_use]
    pub fn trace(&mut self, read: Read, steps: Option<usize>) -> Vec<Command> {
        let Some((model, text)) = self.from.clone() else { return Vec::new() };
        if self.read != Some(read) {
            (self.read, self.triangle) = (Some(read), None);
        }
        let is_known = |step: &usize| self.triangle.as_ref().is_some_and(|triangle| triangle.row(*step).is_some());
        let all = steps.map_or(0..self.steps.len(), |step| step..step + 1);
        let steps: Vec<usize> = all.filter(|step| *step < self.steps.len() && !is_known(step)).collect();
        if steps.is_empty() {
            return Vec::new();
        }
        let mut commands = self.stop_tracing();
        self.failed = None;
        let id = self.next();
        self.tracing = Some((id, steps.len()));
        let written = self.steps.iter().map(|step| step.token.id).collect();
        commands.push(Command::Trace { id, trace: Box::new(Trace { model, text, written, steps, read }) });
        commands
    }

    /// Gives up working out what tokens rest on; what is known stays.
    #[must_use]
    pub fn stop_tracing(&mut self) -> Vec<Command> {
        self.tracing.take().map(|(id, _)| Command::Cancel { id }).into_iter().collect()
    }

    /// Writes on from what stands there, or anew where that is another text.
    #[must_use]
    pub fn go_on(&mut self, model: &str, text: &str, sampling: Sampling) -> Vec<Command> {
        if !self.is_of(model, text) {
            let (asked, suggested) = (self.asked, self.suggested.take());
            let mut commands = self.stop();
            commands.extend(self.stop_tracing());
            *self = Self { from: Some((model.to_owned(), text.to_owned())), asked, suggested, ..Self::default() };
            commands.extend(self.ask(sampling));
            return commands;
        }
        self.ask(sampling).into_iter().collect()
    }

    /// Takes another token at a step, and writes on from there. The way that stood there is kept.
    #[must_use]
    pub fn force(&mut self, step: usize, id: u32, sampling: Sampling) -> Vec<Command> {
        let Some(Step { token, top, .. }) = self.steps.get(step).cloned() else { return Vec::new() };
        let Some(other) = top.iter().find(|candidate| candidate.id == id && token.id != id) else {
            return Vec::new();
        };
        // A part of a character is written in hexadecimal, between these, and adds nothing by itself.
        let adds = if other.text.contains('⟨') { String::new() } else { other.text.clone() };
        let token = OutputToken { id, text: other.text.clone(), special: false, prob: other.prob };
        let taken = Step { token, adds, top };
        let mut commands = self.stop();
        commands.extend(self.stop_tracing());
        if let Some(triangle) = &mut self.triangle {
            triangle.cut(step);
        }
        let steps = self.steps.clone();
        self.keep(Way { steps, ended: self.ended });
        self.steps.truncate(step);
        self.steps.push(taken);
        self.ended = false;
        commands.extend(self.ask(sampling));
        commands
    }

    /// The text before a step, and the token that was written there: what it is to be asked about. None, with a reason, where
    /// that text ends within a character.
    pub fn question(&mut self, step: usize) -> Option<(String, u32)> {
        let (_, from) = self.from.as_ref()?;
        let before = self.steps.get(..step)?;
        if before.last().is_some_and(|last| last.adds.is_empty() && !last.token.special) {
            self.failed = Some(say("writing.within").to_owned());
            return None;
        }
        self.failed = None;
        let text = before.iter().fold(from.clone(), |text, step| text + &step.adds);
        Some((text, self.steps.get(step)?.token.id))
    }

    /// As [`Writing::question`], of a translation: the whole text, since its engine writes what stands before the token anew. None,
    /// with a reason, where it would write something else.
    pub fn question_of_translation(&mut self, step: usize) -> Option<(String, u32)> {
        let (_, from) = self.from.clone()?;
        let is_greedy = |step: &Step| step.top.first().is_some_and(|best| best.id == step.token.id);
        if !self.steps.get(..step)?.iter().all(is_greedy) {
            self.failed = Some(say("triangle.other_translation").to_owned());
            return None;
        }
        self.failed = None;
        Some((from, self.steps.get(step)?.token.id))
    }

    /// Goes back to another way.
    #[must_use]
    pub fn take(&mut self, other: usize) -> Vec<Command> {
        if other >= self.others.len() {
            return Vec::new();
        }
        let mut commands = self.stop();
        commands.extend(self.stop_tracing());
        let way = self.others.remove(other);
        let is_same = |(here, there): &(&Step, &Step)| here.token.id == there.token.id;
        let same = self.steps.iter().zip(&way.steps).take_while(is_same).count();
        if let Some(triangle) = &mut self.triangle {
            triangle.cut(same);
        }
        let left = Way { steps: std::mem::replace(&mut self.steps, way.steps), ended: self.ended };
        self.keep(left);
        (self.ended, self.open, self.failed) = (way.ended, None, None);
        commands
    }

    /// Stops writing; what is there stays.
    #[must_use]
    pub fn stop(&mut self) -> Vec<Command> {
        self.running.take().map(|id| Command::Cancel { id }).into_iter().collect()
    }

    /// Takes what the engine says of it. Whether it was of this.
    pub fn hear(&mut self, event: Event) -> bool {
        match event {
            Event::Wrote { id, step } if self.running == Some(id) => self.steps.push(*step),
            Event::Wrote { id, step } if self.suggesting == Some(id) => {
                (self.suggesting, self.suggested) = (None, Some(step.top));
            }
            Event::Generated { id, generated } if self.running == Some(id) => {
                let Generated { ended, .. } = *generated;
                (self.running, self.ended) = (None, ended);
            }
            Event::Traced { id, new } if self.is_traced_as(id) => {
                if new.rows.is_empty() {
                    self.tracing = None;
                }
                match &mut self.triangle {
                    Some(triangle) => triangle.join(*new),
                    None => self.triangle = Some(*new),
                }
            }
            Event::Failed { id, failure } if self.is_traced_as(id) => {
                (self.tracing, self.failed) = (None, Some(failure.message));
            }
            Event::Cancelled { id } if self.is_traced_as(id) => self.tracing = None,
            Event::Failed { id, failure } if self.running == Some(id) => {
                (self.running, self.failed) = (None, Some(failure.message));
            }
            Event::Cancelled { id } if self.running == Some(id) => self.running = None,
            // Of a request that was given up: nobody waits for it.
            Event::Wrote { .. } | Event::Generated { .. } | Event::Traced { .. } => {}
            _ => return false,
        }
        true
    }

    /// The engine is gone, and what it was writing with it.
    pub fn lose(&mut self) {
        (self.running, self.tracing, self.suggesting) = (None, None, None);
    }

    fn is_traced_as(&self, id: RequestId) -> bool {
        self.tracing.is_some_and(|(tracing, _)| tracing == id)
    }

    fn next(&mut self) -> RequestId {
        let id = FIRST + self.asked;
        self.asked += 1;
        id
    }

    fn keep(&mut self, way: Way) {
        if way.steps.is_empty() || self.others.contains(&way) {
            return;
        }
        self.others.push(way);
        let more = self.others.len().saturating_sub(KEPT);
        self.others.drain(..more);
    }

    fn ask(&mut self, sampling: Sampling) -> Option<Command> {
        let (model, text) = self.from.clone()?;
        if self.is_running() || self.ended {
            return None;
        }
        self.failed = None;
        let id = self.next();
        self.running = Some(id);
        let written = self.steps.iter().map(|step| step.token.id).collect();
        let generation = Generation { model, text, written, replay: false, most: MOST, sampling };
        Some(Command::Generate { id, generation: Box::new(generation) })
    }
}

/// Whether a request's number is one of these.
#[must_use]
pub fn is_of_writing(id: RequestId) -> bool {
    (FIRST..super::sight::FIRST).contains(&id)
}

#[cfg(test)]
mod tests {
    use headlight_document::message::Failure;
    use headlight_document::{Piece, Row};

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
        let row = |step: usize| Row { step, value: 0.0, saliency: Vec::new(), grad_x_input: Vec::new() };
        let before = &written[..written.len() - 1];
        Box::new(Triangle {
            columns: std::iter::once(&0).chain(before).copied().map(piece).collect(),
            text: 1,
            written: written.iter().copied().map(piece).collect(),
            rows: steps.iter().copied().map(row).collect(),
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
}
