//! Models that a person brings, from the wish to the load: what is looked at, what it would cost, whether the person
//! agreed, and what the browser keeps. A state machine like the conductor, beside it: looking at a model and listing the
//! cache disturb no answer, so that they need not wait for their turn.

use std::collections::BTreeMap;

use headlight_document::message::{Command, Event, Failure, RequestId};
use headlight_document::{Cached, Inspection, Secret, Source};

use crate::locale::say;

/// The first of the numbers of these requests: the conductor counts from one and never comes here.
pub const FIRST: RequestId = 1 << 31;

/// A model that a person is looking at.
#[derive(Clone, Debug, Default, PartialEq)]
pub enum Look {
    /// None.
    #[default]
    Nothing,
    /// The worker finds out what it is made of.
    Waiting(Source),
    /// It can be loaded.
    Found(Source, Box<Inspection>),
    /// It cannot be had, and why.
    Refused(Source, Failure),
}

/// What happens.
#[derive(Clone, Debug, PartialEq)]
pub enum Input {
    /// The person names a model; the newest wish wins.
    Look(Source),
    /// The person wants the model that was found; `agreed` to its size, where that is asked.
    Load {
        /// Whether the person has seen the size and said yes.
        agreed: bool,
    },
    /// What the person named cannot even be looked at, and why.
    Refuse(Source, Failure),
    /// The person wants none of it.
    Forget,
    /// The list of what the browser keeps is wanted.
    List,
    /// A model is to go from the browser's storage: by its id, empty for files of no known model; none for all.
    Delete(Option<String>),
    /// A model of the list of what is kept is wanted, as it is.
    Take(String),
    /// The worker said something.
    Heard(Event),
    /// The worker is gone, and with it every answer that was waited for.
    Lost,
}

/// What the shell is to do.
#[derive(Clone, Debug, PartialEq)]
pub enum Effect {
    /// Send a command; a person's own files go with one that names them.
    Post(Command),
    /// Have the conductor load the model of this id, whose source [`Sources::source`] gives.
    Load(String),
    /// Show how much would be fetched, and ask.
    Ask(u64),
}

/// The state machine.
#[derive(Clone, Debug, PartialEq)]
pub struct Sources {
    /// The model that is looked at.
    pub look: Look,
    /// What the browser keeps; none before it was asked.
    pub kept: Option<Vec<Cached>>,
    known: BTreeMap<String, Source>,
    looking: Option<RequestId>,
    next: RequestId,
    wishes: u64,
}

impl Default for Sources {
    fn default() -> Self {
        Self { look: Look::Nothing, kept: None, known: BTreeMap::new(), looking: None, next: FIRST, wishes: 0 }
    }
}

impl Sources {
    /// Where the model of this id comes from, if it is none of the list beside the page.
    #[must_use]
    pub fn source(&self, model: &str) -> Option<&Source> {
        self.known.get(model)
    }

    /// How often a person has named a model or let go of one: what takes a while before it can be looked at is void once
    /// this is another number.
    #[must_use]
    pub fn wishes(&self) -> u64 {
        self.wishes
    }

    /// Takes one input and says what is to be done.
    pub fn step(&mut self, input: Input) -> Vec<Effect> {
        if matches!(input, Input::Look(_) | Input::Refuse(..) | Input::Load { .. } | Input::Forget | Input::Take(_)) {
            self.wishes += 1;
        }
        match input {
            Input::Look(source) => {
                let mut effects = self.give_up();
                let id = self.number();
                self.looking = Some(id);
                self.look = Look::Waiting(source.clone());
                effects.push(Effect::Post(Command::Inspect { id, source }));
                effects
            }
            Input::Load { agreed } => match &self.look {
                Look::Found(_, inspection) if inspection.needs_consent() && !agreed => {
                    vec![Effect::Ask(inspection.to_fetch())]
                }
                Look::Found(source, inspection) => {
                    let model = inspection.model.clone();
                    self.known.insert(model.clone(), source.clone());
                    self.look = Look::Nothing;
                    vec![Effect::Load(model)]
                }
                _ => Vec::new(),
            },
            Input::Refuse(source, failure) => {
                self.look = Look::Refused(source, failure);
                self.give_up()
            }
            Input::Forget => {
                self.look = Look::Nothing;
                self.give_up()
            }
            Input::List => {
                let id = self.number();
                vec![Effect::Post(Command::ListCache { id })]
            }
            Input::Delete(model) => {
                let id = self.number();
                vec![Effect::Post(Command::DeleteCached { id, model })]
            }
            Input::Take(model) => {
                // A source that is known may fetch what has gone missing; the cache alone cannot.
                self.known.entry(model.clone()).or_insert_with(|| Source::Cached { model: model.clone() });
                vec![Effect::Load(model)]
            }
            Input::Heard(event) => {
                self.hear(event);
                Vec::new()
            }
            Input::Lost => {
                // What was found already stays.
                if self.looking.take().is_some()
                    && let Look::Waiting(source) = std::mem::take(&mut self.look)
                {
                    let message = say("own.stopped").to_owned();
                    self.look = Look::Refused(source, Failure { message, retry: true });
                }
                Vec::new()
            }
        }
    }

    fn hear(&mut self, event: Event) {
        match event {
            Event::Inspected { id, inspection } if self.looking == Some(id) => {
                self.looking = None;
                if let Look::Waiting(source) = std::mem::take(&mut self.look) {
                    self.look = Look::Found(source, inspection);
                }
            }
            Event::Failed { id, failure } if self.looking == Some(id) => {
                self.looking = None;
                if let Look::Waiting(source) = std::mem::take(&mut self.look) {
                    self.look = Look::Refused(source, failure);
                }
            }
            Event::Cache { entries, .. } => self.kept = Some(entries),
            _ => {}
        }
    }

    fn number(&mut self) -> RequestId {
        let id = self.next;
        // After two milliards of questions it begins again.
        self.next = self.next.checked_add(1).unwrap_or(FIRST);
        id
    }

    fn give_up(&mut self) -> Vec<Effect> {
        self.looking.take().map(|id| Effect::Post(Command::Cancel { id })).into_iter().collect()
    }
}

/// The hub that is asked where a person names no other.
pub const HUB: &str = "https://huggingface.co";

/// What a person typed: `owner/name`, `owner/name@revision` or a page's address, with `:weights` where one is named.
#[must_use]
pub fn named(text: &str, base: &str, token: &str) -> Source {
    let text = text.trim();
    // An address has a colon of its own.
    let (id, weights) = match text.split_once(':') {
        Some((id, weights)) if !weights.starts_with("//") => (id, Some(weights.to_owned())),
        _ => (text, None),
    };
    let base = base.trim().trim_end_matches('/');
    let base = (!base.is_empty() && base != HUB).then(|| base.to_owned());
    Source::Hub { id: id.to_owned(), revision: None, base, weights, token: Secret::new(token) }
}

#[cfg(test)]
mod tests {
    use headlight_document::source::{CONSENT_BYTES, Secret};

    use super::*;

    fn hub(id: &str) -> Source {
        let token = Secret::new("hf_secret");
        Source::Hub { id: id.into(), revision: None, base: None, weights: None, token }
    }

    fn inspected(id: RequestId, model: &str, bytes: u64) -> Input {
        let inspection = Inspection {
            model: model.into(),
            title: model.into(),
            commit: None,
            files: vec![],
            bytes,
            cached: 0,
            license: None,
            tags: vec![],
            others: vec![],
        };
        Input::Heard(Event::Inspected { id, inspection: Box::new(inspection) })
    }

    #[test]
    fn what_is_typed_is_a_source() {
        let typed = |text: &str, base: &str| match named(text, base, "") {
            Source::Hub { id, base, weights, token: None, .. } => (id, base, weights),
            other => panic!("{other:?}"),
        };
        assert_eq!(typed(" a/b@v1 ", HUB), ("a/b@v1".into(), None, None));
        assert_eq!(typed("a/b:Q4_K_M", ""), ("a/b".into(), None, Some("Q4_K_M".into())));
        let address = "https://huggingface.co/a/b";
        assert_eq!(typed(address, "http://h:1/"), (address.into(), Some("http://h:1".into()), None));
        assert!(matches!(named("a/b", HUB, "hf_x"), Source::Hub { token: Some(_), .. }));
    }

    #[test]
    fn what_was_found_outlives_the_worker() {
        let mut sources = Sources::default();
        sources.step(Input::Look(hub("a/b")));
        sources.step(inspected(FIRST, "a/b", 5));
        sources.step(Input::Lost);
        assert!(matches!(&sources.look, Look::Found(..)));
    }

    #[test]
    fn a_small_model_is_loaded_and_its_source_remembered() {
        let mut sources = Sources::default();
        assert_eq!(
            sources.step(Input::Look(hub("a/b"))),
            [Effect::Post(Command::Inspect { id: FIRST, source: hub("a/b") })]
        );
        assert_eq!(sources.step(Input::Load { agreed: true }), []);
        sources.step(inspected(FIRST, "a/b", 5));
        assert!(matches!(&sources.look, Look::Found(source, _) if *source == hub("a/b")));
        assert_eq!(sources.step(Input::Load { agreed: false }), [Effect::Load("a/b".into())]);
        assert_eq!(sources.source("a/b"), Some(&hub("a/b")));
        assert_eq!(sources.look, Look::Nothing);
        assert!(!format!("{sources:?}").contains("hf_secret"));
    }

    #[test]
    fn a_large_model_waits_for_consent() {
        let mut sources = Sources::default();
        sources.step(Input::Look(hub("a/b")));
        sources.step(inspected(FIRST, "a/b", CONSENT_BYTES + 1));
        assert_eq!(sources.step(Input::Load { agreed: false }), [Effect::Ask(CONSENT_BYTES + 1)]);
        assert_eq!(sources.source("a/b"), None);
        assert_eq!(sources.step(Input::Load { agreed: true }), [Effect::Load("a/b".into())]);
    }

    #[test]
    fn the_newest_wish_wins() {
        let mut sources = Sources::default();
        sources.step(Input::Look(hub("a/b")));
        let effects = sources.step(Input::Look(hub("c/d")));
        assert_eq!(effects[0], Effect::Post(Command::Cancel { id: FIRST }));
        sources.step(inspected(FIRST, "a/b", 5));
        assert_eq!(sources.look, Look::Waiting(hub("c/d")), "an answer that came too late is none");
        let failure = Failure { message: "No.".into(), retry: false };
        sources.step(Input::Heard(Event::Failed { id: FIRST + 1, failure: failure.clone() }));
        assert_eq!(sources.look, Look::Refused(hub("c/d"), failure));
        sources.step(Input::Look(hub("a/b")));
        sources.step(Input::Lost);
        assert!(matches!(&sources.look, Look::Refused(_, Failure { retry: true, .. })));
        assert_eq!(sources.step(Input::Forget), []);
        assert_eq!(sources.look, Look::Nothing);
    }

    #[test]
    fn a_folder_that_takes_a_while_is_void_after_another_wish() {
        let files = Source::Files { title: String::new(), names: vec![], weights: None };
        let failure = Failure { message: "Too much.".into(), retry: false };
        let mut sources = Sources::default();
        sources.step(Input::Look(hub("a/b")));
        assert_eq!(
            sources.step(Input::Refuse(files.clone(), failure.clone())),
            [Effect::Post(Command::Cancel { id: FIRST })]
        );
        assert_eq!(sources.look, Look::Refused(files, failure));
        sources.step(Input::Forget);
        let wishes = sources.wishes();
        sources.step(Input::List);
        sources.step(Input::Heard(Event::Cache { id: FIRST, entries: vec![] }));
        assert_eq!(sources.wishes(), wishes, "what the dialog does by itself is no wish");
        for wish in [Input::Look(hub("c/d")), Input::Load { agreed: true }, Input::Forget, Input::Take("a/b".into())] {
            let before = sources.wishes();
            sources.step(wish);
            assert_ne!(sources.wishes(), before);
        }
    }

    #[test]
    fn what_is_kept_is_listed_taken_and_deleted() {
        let mut sources = Sources::default();
        assert_eq!(sources.step(Input::List), [Effect::Post(Command::ListCache { id: FIRST })]);
        sources.step(Input::Heard(Event::Cache { id: FIRST, entries: vec![] }));
        assert_eq!(sources.kept, Some(vec![]));
        assert_eq!(sources.step(Input::Take("a/b".into())), [Effect::Load("a/b".into())]);
        assert_eq!(sources.source("a/b"), Some(&Source::Cached { model: "a/b".into() }));
        assert_eq!(
            sources.step(Input::Delete(None)),
            [Effect::Post(Command::DeleteCached { id: FIRST + 1, model: None })]
        );
    }
}
