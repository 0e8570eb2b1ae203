//! Who talks to the worker, and when: a state machine with inputs from the page and the worker, and effects for the
//! shell to carry out. It keeps one promise: never more than one request is in flight, and the newest wish wins.

use headlight_document::message::{Command, DeviceChoice, DeviceInfo, Event, Failure, RequestId, Stage};
use headlight_document::{Attribution, Explanation, Request};

use super::compare::same_subject;

/// Where the worker stands.
#[derive(Clone, Debug, PartialEq)]
pub enum Phase {
    /// No worker: nobody has asked for anything yet.
    Idle,
    /// A worker is choosing and testing its device.
    Starting,
    /// The worker answers.
    Up(DeviceInfo),
    /// The worker is gone; `lost` tells a lost device from a worker that failed.
    Down {
        /// One sentence for a person.
        message: String,
        /// Whether the device was lost, so that the CPU is worth offering.
        lost: bool,
    },
}

/// What one request in flight is for.
#[derive(Clone, Debug, PartialEq)]
pub enum Errand {
    /// Making a model ready.
    Load(String),
    /// Answering a question.
    Explain(Box<Request>),
    /// Comparing methods on a question.
    Compare(Box<Request>),
}

/// The one request in flight.
#[derive(Clone, Debug, PartialEq)]
pub struct Flight {
    /// Its number.
    pub id: RequestId,
    /// What it is for.
    pub errand: Errand,
    /// The newest progress.
    pub progress: Option<Progress>,
    /// Whether it is being given up.
    pub cancelling: bool,
}

/// How far a request has come.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Progress {
    /// What is being done.
    pub stage: Stage,
    /// How much is done.
    pub done: u64,
    /// Of how much, where known.
    pub total: Option<u64>,
}

/// Something that went wrong with one errand.
#[derive(Clone, Debug, PartialEq)]
pub struct Trouble {
    /// What was tried.
    pub errand: Errand,
    /// What happened.
    pub failure: Failure,
}

/// What happens to the conductor.
#[derive(Clone, Debug, PartialEq)]
pub enum Input {
    /// A question is wanted, in place of any earlier one; its model is loaded first where it is not.
    Ask(Box<Request>),
    /// Several methods are to be compared, in place of any earlier comparison. It waits for the question, and goes on beside
    /// a question about the same number; one about another ends it.
    Compare(Box<Request>),
    /// A model is wanted.
    Load(String),
    /// The worker is wanted, though nothing of it yet.
    Start,
    /// A question that no model can answer, and why.
    Refuse(Box<Request>, String),
    /// The earlier question is not wanted any more: its text was cleared or is about to change.
    Forget,
    /// The person gave up what is going on.
    Cancel,
    /// The person wants the failed errand again.
    Retry,
    /// The person wants a new worker, on this device.
    Restart(DeviceChoice),
    /// The worker said something.
    Heard(Box<Event>),
    /// The worker could not be started, or broke.
    Broke(String),
    /// Nothing was heard for a while since this request was given up.
    Silence(RequestId),
}

/// What the shell is to do.
#[derive(Clone, Debug, PartialEq)]
pub enum Effect {
    /// End the worker there is, if there is one, and start another.
    Spawn,
    /// End the worker.
    Terminate,
    /// Send a command.
    Post(Command),
    /// Send the command that loads this model; the shell knows its files and address.
    PostLoad(RequestId, String),
    /// (Re)start the clock whose end is [`Input::Silence`].
    Watch(RequestId),
    /// Show an answer, which the engine knows by that number.
    Show(RequestId, Box<Explanation>, Box<Request>),
    /// Show what an answer, or a comparison if it is one, would say already.
    Estimate {
        /// What is done, and last the estimate.
        attributions: Vec<Attribution>,
        /// The question.
        request: Box<Request>,
        /// Whether methods are compared.
        is_comparison: bool,
    },
    /// Show a comparison.
    ShowComparison(Box<Explanation>, Box<Request>),
    /// A model became ready: remember whether this browser keeps it.
    Remember(String, bool),
}

/// The state machine.
#[derive(Clone, Debug, PartialEq)]
pub struct Conductor {
    /// Where the worker stands.
    pub phase: Phase,
    /// The model that the worker holds ready.
    pub loaded: Option<String>,
    /// The one request in flight.
    pub flight: Option<Flight>,
    /// What went wrong last, until something is tried again.
    pub trouble: Option<Trouble>,
    device: DeviceChoice,
    model: Option<String>,
    question: Option<Box<Request>>,
    comparison: Option<Box<Request>>,
    next: RequestId,
}

impl Conductor {
    /// A conductor without a worker.
    #[must_use]
    pub fn new(device: DeviceChoice) -> Self {
        Self {
            phase: Phase::Idle,
            loaded: None,
            flight: None,
            trouble: None,
            device,
            model: None,
            question: None,
            comparison: None,
            next: 1,
        }
    }

    /// The model that is being loaded.
    #[must_use]
    pub fn loading(&self) -> Option<&str> {
        match self.flight.as_ref().map(|flight| &flight.errand) {
            Some(Errand::Load(model)) => Some(model),
            _ => None,
        }
    }

    /// Whether a question is being answered or waits for its turn.
    #[must_use]
    pub fn is_asked(&self) -> bool {
        self.question.is_some()
            || matches!(&self.flight, Some(Flight { errand: Errand::Explain(_), cancelling: false, .. }))
    }

    /// The comparison that is being made or waits for its turn.
    #[must_use]
    pub fn comparing(&self) -> Option<&Request> {
        let in_flight = match &self.flight {
            Some(Flight { errand: Errand::Compare(request), cancelling: false, .. }) => Some(request),
            _ => None,
        };
        self.comparison.as_ref().or(in_flight).map(|request| &**request)
    }

    /// Takes one input and says what is to be done.
    pub fn step(&mut self, input: Input) -> Vec<Effect> {
        let mut effects = Vec::new();
        match input {
            Input::Ask(request) => {
                self.trouble = None;
                self.model = Some(request.model.clone());
                self.comparison.take_if(|comparison| !same_subject(comparison, &request));
                self.question = Some(request);
            }
            Input::Compare(request) => {
                self.trouble = None;
                self.model = Some(request.model.clone());
                self.comparison = Some(request);
            }
            Input::Load(model) => {
                self.trouble = None;
                self.comparison.take_if(|comparison| comparison.model != model);
                if self.question.as_ref().is_some_and(|question| question.model != model) {
                    self.question = None;
                }
                self.model = Some(model);
            }
            Input::Start => {
                if self.phase == Phase::Idle {
                    self.spawn(&mut effects);
                }
            }
            Input::Refuse(request, message) => {
                self.forget(&mut effects);
                let failure = Failure { message, retry: false };
                self.trouble = Some(Trouble { errand: Errand::Explain(request), failure });
            }
            Input::Forget => {
                self.trouble = None;
                self.forget(&mut effects);
            }
            Input::Cancel => {
                self.question = None;
                self.comparison = None;
                self.model = self.loaded.clone();
                if self.phase == Phase::Starting {
                    self.phase = Phase::Idle;
                    effects.push(Effect::Terminate);
                } else {
                    self.give_up(&mut effects);
                }
            }
            Input::Retry => self.retry(),
            Input::Restart(device) => {
                self.device = device;
                self.wish_again();
                self.spawn(&mut effects);
            }
            Input::Heard(event) => self.hear(*event, &mut effects),
            Input::Broke(message) => self.go_down(message, false, &mut effects),
            Input::Silence(id) => {
                // A worker that is deep in one computation can't hear a cancel: a new one takes the model from the cache.
                if self.flight.as_ref().is_some_and(|flight| flight.id == id && flight.cancelling) {
                    if self.model.is_none() {
                        self.model = self.loaded.clone();
                    }
                    self.spawn(&mut effects);
                }
            }
        }
        self.advance(&mut effects);
        effects
    }

    fn hear(&mut self, event: Event, effects: &mut Vec<Effect>) {
        if let (Some(flight), Event::Progress { id, .. }) = (&self.flight, &event)
            && flight.cancelling
            && flight.id == *id
        {
            effects.push(Effect::Watch(*id));
        }
        match event {
            Event::Started { device } => self.phase = Phase::Up(device),
            Event::Progress { id, stage, done, total } => {
                if let Some(flight) = self.flight.as_mut().filter(|flight| flight.id == id) {
                    flight.progress = Some(Progress { stage, done, total });
                }
            }
            Event::Estimated { id, attributions } => {
                if let Some(flight) = self.flight.as_ref().filter(|flight| flight.id == id && !flight.cancelling) {
                    let (request, is_comparison) = match &flight.errand {
                        Errand::Explain(request) => (request, false),
                        Errand::Compare(request) => (request, true),
                        Errand::Load(_) => return,
                    };
                    effects.push(Effect::Estimate { attributions, request: request.clone(), is_comparison });
                }
            }
            Event::Loaded { id, model, kept, .. } => {
                if self.take_flight(id).is_some() {
                    self.loaded = Some(model.clone());
                    effects.push(Effect::Remember(model, kept));
                }
            }
            Event::Explained { id, explanation } => match self.take_flight(id) {
                Some(Flight { errand: Errand::Explain(request), cancelling: false, .. }) => {
                    effects.push(Effect::Show(id, explanation, request));
                }
                Some(Flight { errand: Errand::Compare(request), cancelling: false, .. }) => {
                    effects.push(Effect::ShowComparison(explanation, request));
                }
                _ => {}
            },
            Event::Cancelled { id } => {
                self.take_flight(id);
            }
            Event::Failed { failure, .. } if self.phase == Phase::Starting => {
                self.go_down(failure.message, false, effects);
            }
            Event::Failed { id, failure } => {
                if let Some(flight) = self.take_flight(id)
                    && !flight.cancelling
                {
                    // Nothing is tried again unasked; the question waits for the retry of a failed load.
                    self.model = self.loaded.clone();
                    self.trouble = Some(Trouble { errand: flight.errand, failure });
                }
            }
            Event::DeviceLost { message } => self.go_down(message, true, effects),
            // Of no errand of the conductor's: the sources ask on their own.
            Event::Inspected { .. }
            | Event::Cache { .. }
            | Event::Looked { .. }
            | Event::Neurons { .. }
            | Event::Wrote { .. }
            | Event::Generated { .. }
            | Event::Traced { .. } => {}
        }
    }

    fn take_flight(&mut self, id: RequestId) -> Option<Flight> {
        self.flight.take_if(|flight| flight.id == id)
    }

    fn give_up(&mut self, effects: &mut Vec<Effect>) {
        if let Some(flight) = self.flight.as_mut().filter(|flight| !flight.cancelling) {
            flight.cancelling = true;
            effects.push(Effect::Post(Command::Cancel { id: flight.id }));
            effects.push(Effect::Watch(flight.id));
        }
    }

    fn forget(&mut self, effects: &mut Vec<Effect>) {
        self.question = None;
        if let Some(Flight { errand: Errand::Explain(_), .. }) = self.flight {
            self.give_up(effects);
        }
    }

    fn retry(&mut self) {
        match self.trouble.take().map(|trouble| trouble.errand) {
            Some(Errand::Load(model)) => self.model = Some(model),
            Some(Errand::Explain(request)) => {
                self.model = Some(request.model.clone());
                self.question = Some(request);
            }
            Some(Errand::Compare(request)) => {
                self.model = Some(request.model.clone());
                self.comparison = Some(request);
            }
            None => {}
        }
    }

    // What was under way becomes a wish again, so that a new worker takes it up.
    fn wish_again(&mut self) {
        match self.flight.take() {
            Some(Flight { errand: Errand::Explain(request), cancelling: false, .. }) if self.question.is_none() => {
                self.question = Some(request);
            }
            Some(Flight { errand: Errand::Compare(request), cancelling: false, .. }) if self.comparison.is_none() => {
                self.comparison = Some(request);
            }
            Some(Flight { errand: Errand::Load(model), cancelling: false, .. }) if self.model.is_none() => {
                self.model = Some(model);
            }
            _ => {}
        }
        if self.model.is_none() {
            let wanted = self.question.as_ref().or(self.comparison.as_ref());
            self.model = wanted.map(|request| request.model.clone()).or_else(|| self.loaded.clone());
        }
    }

    fn spawn(&mut self, effects: &mut Vec<Effect>) {
        self.flight = None;
        self.loaded = None;
        self.trouble = None;
        self.phase = Phase::Starting;
        effects.push(Effect::Spawn);
        effects.push(Effect::Post(Command::Start { device: self.device }));
    }

    fn go_down(&mut self, message: String, lost: bool, effects: &mut Vec<Effect>) {
        self.wish_again();
        self.loaded = None;
        self.phase = Phase::Down { message, lost };
        effects.push(Effect::Terminate);
    }

    fn advance(&mut self, effects: &mut Vec<Effect>) {
        let Some(model) = self.model.clone() else { return };
        match &self.phase {
            Phase::Idle => return self.spawn(effects),
            Phase::Starting | Phase::Down { .. } => return,
            Phase::Up(_) => {}
        }
        let is_outdated = match self.flight.as_ref().map(|flight| &flight.errand) {
            None => false,
            Some(Errand::Load(loading)) => *loading != model,
            Some(Errand::Explain(asked)) => {
                asked.model != model || self.question.as_ref().is_some_and(|question| question != asked)
            }
            Some(Errand::Compare(asked)) => {
                asked.model != model
                    || self.question.as_ref().is_some_and(|question| !same_subject(question, asked))
                    || self.comparison.as_ref().is_some_and(|comparison| comparison != asked)
            }
        };
        if is_outdated {
            self.give_up(effects);
        }
        if let Some(flight) = &self.flight {
            match &flight.errand {
                // The same again: the one under way answers it.
                Errand::Explain(_) if !flight.cancelling => self.question = None,
                Errand::Compare(_) if !flight.cancelling => self.comparison = None,
                _ => {}
            }
            return;
        }
        let id = self.next;
        let errand = if self.loaded.as_deref() != Some(&model) {
            // The worker drops the old model when it is told to load another.
            self.loaded = None;
            effects.push(Effect::PostLoad(id, model.clone()));
            Errand::Load(model)
        } else if let Some(request) = self.question.take() {
            effects.push(Effect::Post(Command::Explain { id, request: request.clone() }));
            Errand::Explain(request)
        } else if let Some(request) = self.comparison.take() {
            effects.push(Effect::Post(Command::Explain { id, request: request.clone() }));
            Errand::Compare(request)
        } else {
            return;
        };
        self.next += 1;
        self.flight = Some(Flight { id, errand, progress: None, cancelling: false });
    }
}

#[cfg(test)]
#[path = "conductor_tests.rs"]
mod tests;
