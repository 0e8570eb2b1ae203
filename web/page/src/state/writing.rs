//! What a model writes on its own: the text that it goes on from, each step with what else it might have said, and other ways
//! that were taken before.

mod carried;

use headlight_document::message::{Command, Event, RequestId};
use headlight_document::{
    Candidate, Chosen, Gaze, Generated, Generation, OutputToken, Read, Request, Sampling, Step, Trace, Triangle, Way,
};

use crate::locale::say;

/// The first number of a request to write, apart from those of sources, looks and the page’s other requests.
pub const FIRST: RequestId = (1 << 31) + (1 << 29);

/// How many tokens are written at a time.
pub const MOST: usize = 32;

/// How many other ways are kept.
const KEPT: usize = 12;

/// What is written, and what is being.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Writing {
    /// The model and the text that is gone on with; none before anything was asked.
    pub from: Option<(String, String)>,
    /// The steps so far.
    pub steps: Vec<Step>,
    /// Whether the model ended the text.
    pub ended: bool,
    /// How they were chosen, as far as that is known.
    pub chosen: Vec<Chosen>,
    /// The step that is looked at.
    pub open: Option<usize>,
    /// What went wrong.
    pub failed: Option<String>,
    /// Other ways, the newest last.
    pub others: Vec<Way>,
    /// What a link says was written, as long as it is not told again to its end.
    pub linked: Vec<u32>,
    /// Other ways that a link has, as long as they are not told again; the next one last.
    pub aside: Vec<(Vec<u32>, Vec<Chosen>)>,
    /// Whether all that stands here came with a document, its numbers too.
    pub is_frozen: bool,
    /// What the tokens rest on, as far as that is known.
    pub triangle: Option<Triangle>,
    /// As what they were read for that.
    pub read: Option<Read>,
    /// Where the model looks as it writes each token, as far as that is known.
    pub gazed: Option<Triangle>,
    /// Whose attention was asked for last; none before anybody asked.
    pub gaze: Option<Gaze>,
    /// What the model would say in a place that was asked about.
    pub suggested: Option<Vec<Candidate>>,
    telling: Vec<Step>,
    telling_as: Option<RequestId>,
    suggesting: Option<RequestId>,
    tracing: Option<(RequestId, usize)>,
    gazing: Option<RequestId>,
    running: Option<RequestId>,
    asked: RequestId,
}

impl Writing {
    /// Whether that is what is under way.
    #[must_use]
    pub fn is_told_again(&self) -> bool {
        self.is_running() && !self.linked.is_empty()
    }

    /// How many tokens of which other way are told again, and how many it has; none where none is.
    #[must_use]
    pub fn is_told_aside(&self) -> Option<(usize, usize)> {
        let (ids, _) = self.aside.last().filter(|_| self.is_aside())?;
        Some((self.telling.len(), ids.len()))
    }

    fn is_aside(&self) -> bool {
        self.telling_as.is_some() && self.telling_as == self.running
    }

    fn ids(&self) -> Vec<u32> {
        self.steps.iter().map(|step| step.token.id).collect()
    }

    /// Whether something is being written, or told again.
    #[must_use]
    pub fn is_running(&self) -> bool {
        self.running.is_some()
    }

    /// Whether what stands there is.
    #[must_use]
    pub fn is_growing(&self) -> bool {
        self.running.is_some() && !self.is_aside()
    }

    /// Whether it goes on from this text with this model.
    #[must_use]
    pub fn is_of(&self, model: &str, text: &str) -> bool {
        self.from.as_ref().is_some_and(|(of, from)| of == model && from == text)
    }

    /// Asks what the model would say after a text.
    #[must_use]
    pub fn suggest(&mut self, model: &str, text: &str) -> Vec<Command> {
        let generation = Generation {
            model: model.to_owned(),
            text: text.to_owned(),
            written: Vec::new(),
            replay: false,
            most: 1,
            sampling: Sampling::default(),
        };
        self.suggest_by(|id| Command::Generate { id, generation: Box::new(generation) })
    }

    /// Asks what a model would fill in for the mask of a request's text.
    #[must_use]
    pub fn suggest_filled(&mut self, request: Request) -> Vec<Command> {
        self.suggest_by(|id| Command::Explain { id, request: Box::new(request) })
    }

    fn suggest_by(&mut self, ask: impl FnOnce(RequestId) -> Command) -> Vec<Command> {
        let given_up = self.suggesting.take().map(|id| Command::Cancel { id });
        let id = self.next();
        (self.suggesting, self.suggested) = (Some(id), None);
        given_up.into_iter().chain([ask(id)]).collect()
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
        let written = self.ids();
        commands.push(Command::Trace { id, trace: Box::new(Trace { model, text, written, steps, read, gaze: None }) });
        commands
    }

    /// Whether attention is being worked out.
    #[must_use]
    pub fn is_gazing(&self) -> bool {
        self.gazing.is_some()
    }

    /// Works out where the model looks as it writes each token, unless that is known: one run for all of them.
    #[must_use]
    pub fn look(&mut self, gaze: Gaze) -> Vec<Command> {
        let Some((model, text)) = self.from.clone().filter(|_| !self.steps.is_empty()) else { return Vec::new() };
        let is_of = |known: &Triangle| {
            known.gazed.is_some_and(|of| of.kind == gaze.kind && gaze.whose.is_none_or(|whose| whose == of.whose))
        };
        let is_known = self.gaze == Some(gaze)
            && self.gazed.as_ref().is_some_and(|known| is_of(known) && known.rows.len() >= self.steps.len());
        if is_known {
            return Vec::new();
        }
        let mut commands = self.stop_looking();
        (self.gaze, self.failed) = (Some(gaze), None);
        let id = self.next();
        self.gazing = Some(id);
        // How a token is read has no part in it.
        let (written, read, gaze) = (self.ids(), Read::Logit, Some(gaze));
        commands.push(Command::Trace {
            id,
            trace: Box::new(Trace { model, text, written, steps: Vec::new(), read, gaze }),
        });
        commands
    }

    /// Gives that up; what is known stays.
    #[must_use]
    pub fn stop_looking(&mut self) -> Vec<Command> {
        self.gazing.take().map(|id| Command::Cancel { id }).into_iter().collect()
    }

    /// Gives up all that is under way of what stands there; rows of the tokens before `step` stay.
    fn cut(&mut self, step: usize) -> Vec<Command> {
        let mut commands = self.halt();
        commands.extend(self.stop_tracing());
        commands.extend(self.stop_looking());
        self.triangle.iter_mut().chain(&mut self.gazed).for_each(|triangle| triangle.cut(step));
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
            let mut commands = self.cut(0);
            *self = Self { from: Some((model.to_owned(), text.to_owned())), asked, suggested, ..Self::default() };
            commands.extend(self.ask(sampling));
            return commands;
        }
        if !self.linked.is_empty() && self.waits_for(model) {
            return self.tell_again();
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
        let mut commands = self.cut(step);
        self.keep(self.way());
        self.steps.truncate(step);
        self.steps.push(taken);
        self.chosen.retain(|one| one.from < step);
        self.chosen.push(Chosen { from: step, sampling, taken: true });
        self.linked.clear();
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

    /// As [`Writing::question`], of a translation: the whole text, and what stands there where the model by itself would write
    /// something else.
    #[must_use]
    pub fn question_of_translation(&self, step: usize) -> Option<(String, u32, Vec<u32>)> {
        let (_, from) = self.from.clone()?;
        let is_greedy = |step: &Step| step.top.first().is_some_and(|best| best.id == step.token.id);
        let begun = if self.steps.iter().all(is_greedy) { Vec::new() } else { self.ids() };
        Some((from, self.steps.get(step)?.token.id, begun))
    }

    /// Goes back to another way.
    #[must_use]
    pub fn take(&mut self, other: usize) -> Vec<Command> {
        if other >= self.others.len() {
            return Vec::new();
        }
        let way = self.others.remove(other);
        let is_same = |(here, there): &(&Step, &Step)| here.token.id == there.token.id;
        let same = self.steps.iter().zip(&way.steps).take_while(is_same).count();
        let commands = self.cut(same);
        let left = self.way();
        (self.steps, self.ended, self.chosen) = (way.steps, way.ended, way.chosen);
        self.linked.clear();
        self.keep(left);
        (self.open, self.failed) = (None, None);
        commands
    }

    /// Stops writing; what is there stays. What a link has and was not told again is given up.
    #[must_use]
    pub fn stop(&mut self) -> Vec<Command> {
        if self.is_aside() || self.is_told_again() {
            self.aside.clear();
        }
        self.halt()
    }

    fn halt(&mut self) -> Vec<Command> {
        let running = self.running.take();
        if running.is_some() {
            self.linked.clear();
        }
        running.map(|id| Command::Cancel { id }).into_iter().collect()
    }

    /// Takes what the engine says of it. Whether it was of this.
    pub fn hear(&mut self, event: Event) -> bool {
        match event {
            Event::Wrote { id, step } if self.running == Some(id) => {
                let telling = if self.is_aside() { &mut self.telling } else { &mut self.steps };
                telling.push(*step);
            }
            Event::Wrote { id, step } if self.suggesting == Some(id) => {
                (self.suggesting, self.suggested) = (None, Some(step.top));
            }
            Event::Explained { id, explanation } if self.suggesting == Some(id) => {
                (self.suggesting, self.suggested) = (None, Some(explanation.output.top));
            }
            Event::Generated { id, generated } if self.running == Some(id) && self.is_aside() => {
                self.running = None;
                self.take_aside(generated.ended);
            }
            Event::Generated { id, generated } if self.running == Some(id) => {
                let Generated { ended, .. } = *generated;
                (self.running, self.ended) = (None, ended);
                let linked = std::mem::take(&mut self.linked);
                if !linked.is_empty() && linked != self.ids() {
                    self.failed = Some(say("writing.not_all").to_owned());
                }
                self.open = self.open.filter(|open| *open < self.steps.len());
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
            Event::Traced { id, new } if self.gazing == Some(id) => {
                if new.rows.is_empty() {
                    self.gazing = None;
                }
                // Without that it is no attention.
                match &mut self.gazed {
                    _ if new.gazed.is_none() => {}
                    Some(gazed) => gazed.join(*new),
                    None => self.gazed = Some(*new),
                }
            }
            Event::Failed { id, failure } if self.gazing == Some(id) => {
                (self.gazing, self.failed) = (None, Some(failure.message));
            }
            Event::Cancelled { id } if self.gazing == Some(id) => self.gazing = None,
            Event::Failed { id, failure } if self.is_traced_as(id) => {
                (self.tracing, self.failed) = (None, Some(failure.message));
            }
            Event::Cancelled { id } if self.is_traced_as(id) => self.tracing = None,
            Event::Failed { id, failure } if self.running == Some(id) => {
                if self.is_aside() {
                    self.aside.clear();
                }
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
        (self.running, self.tracing, self.suggesting, self.gazing) = (None, None, None, None);
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
        (self.failed, self.is_frozen) = (None, false);
        let id = self.next();
        self.running = Some(id);
        let replay = !self.linked.is_empty();
        if !replay && self.chosen.last().is_none_or(|last| last.sampling != sampling) {
            self.chosen.push(Chosen { from: self.steps.len(), sampling, taken: false });
        }
        let (written, most) = if replay { (self.linked.clone(), 0) } else { (self.ids(), MOST) };
        let generation = Generation { model, text, written, replay, most, sampling };
        Some(Command::Generate { id, generation: Box::new(generation) })
    }
}

/// Whether a request's number is one of these.
#[must_use]
pub fn is_of_writing(id: RequestId) -> bool {
    (FIRST..super::sight::FIRST).contains(&id)
}

#[cfg(test)]
#[path = "writing_tests.rs"]
mod tests;
