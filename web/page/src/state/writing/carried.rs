//! How what was written goes along: to the next visit, in a link, in a document, and how it is told again from there.

use headlight_document::generation::MAX_WRITTEN;
use headlight_document::link::Written;
use headlight_document::message::Command;
use headlight_document::{Aside, Chosen, Gaze, Generation, Sampling, Way, Wrote};
use serde::{Deserialize, Serialize};

use super::{KEPT, Writing};
use crate::locale::say;

/// How many bytes are kept for the next visit at most.
const MOST_KEPT: usize = 400_000;

/// What of it is kept for the next visit.
#[derive(Serialize, Deserialize)]
struct Kept {
    from: (String, String),
    way: Way,
    others: Vec<Way>,
}

impl Writing {
    /// What was written, for the next visit; nothing where nothing was, or far too much.
    #[must_use]
    pub fn kept(&self) -> String {
        let Some(from) = self.from.clone().filter(|_| !self.steps.is_empty()) else { return String::new() };
        let way = self.way();
        let text = |others| headlight_document::json::text(&Kept { from: from.clone(), way: way.clone(), others });
        let all = [self.others.clone(), Vec::new()].into_iter().filter_map(|others| text(others).ok());
        all.into_iter().find(|text| text.len() <= MOST_KEPT).unwrap_or_default()
    }

    /// What was written at the last visit.
    #[must_use]
    pub fn of_kept(text: &str) -> Option<Self> {
        let Kept { from, way: Way { steps, ended, chosen }, mut others } = serde_json::from_str(text).ok()?;
        others.truncate(KEPT);
        (steps.len() <= MAX_WRITTEN).then(|| Self { from: Some(from), steps, ended, chosen, others, ..Self::default() })
    }

    /// What a link says was written after `text`, to be told again; none where it does not go with that.
    #[must_use]
    pub fn of_link(model: &str, text: &str, written: Written) -> Self {
        let Written { tokens, open, text: own, chosen, others } = written;
        let from = Some((model.to_owned(), own.unwrap_or_else(|| text.to_owned())));
        // The newest one is told first of those that are left.
        let aside = others.into_iter().take(KEPT).map(|way| (way.ids(&tokens), way.chosen)).rev().collect();
        Self { from, linked: tokens, open, chosen, aside, ..Self::default() }
    }

    /// What a document says was written.
    #[must_use]
    pub fn of_document(model: &str, wrote: Wrote) -> Self {
        let Wrote { text, way: Way { steps, ended, chosen }, mut others, open, read, triangle, gazed } = wrote;
        others.truncate(KEPT);
        let gaze = gazed.as_ref().and_then(|gazed| gazed.gazed);
        let gaze = gaze.map(|of| Gaze { kind: of.kind, whose: Some(of.whose) });
        let from = Some((model.to_owned(), text));
        Self {
            from,
            steps,
            ended,
            chosen,
            open,
            others,
            read,
            triangle,
            gazed,
            gaze,
            is_frozen: true,
            ..Self::default()
        }
    }

    /// What goes along in a document about `text`, as [`Writing::written`] says.
    #[must_use]
    pub fn wrote(&self, model: &str, text: &str) -> Option<Wrote> {
        let (_, from) = self.from.as_ref().filter(|_| self.is_about(model, text) && !self.steps.is_empty())?;
        Some(Wrote {
            text: from.clone(),
            way: self.way(),
            others: self.others.clone(),
            open: self.open.filter(|open| *open < self.steps.len()),
            read: self.read.filter(|_| self.triangle.is_some()),
            triangle: self.triangle.clone(),
            gazed: self.gazed.clone(),
        })
    }

    pub(super) fn way(&self) -> Way {
        let chosen = self.chosen_before(self.steps.len());
        Way { steps: self.steps.clone(), ended: self.ended, chosen }
    }

    // Where it was stopped at once, nothing was chosen so.
    pub(super) fn chosen_before(&self, count: usize) -> Vec<Chosen> {
        self.chosen.iter().filter(|one| one.from < count).copied().collect()
    }

    // After another text altogether it is not what the page is about.
    pub(super) fn is_about(&self, model: &str, text: &str) -> bool {
        self.from.as_ref().is_some_and(|(of, from)| of == model && text.starts_with(from.as_str()))
    }

    /// Takes that in place of what stands here.
    #[must_use]
    pub fn replace(&mut self, by: Self) -> Vec<Command> {
        let commands = self.cut(0);
        // No number of a request is used twice.
        *self = Self { asked: self.asked, ..by };
        commands
    }

    /// What goes along in a link to a question about `text`: nothing where it is another model's, or of another text.
    #[must_use]
    pub fn written(&self, model: &str, text: &str) -> Option<Written> {
        let (_, from) = self.from.as_ref().filter(|_| self.is_about(model, text))?;
        let tokens = if self.linked.is_empty() { self.ids() } else { self.linked.clone() };
        if !(1..=MAX_WRITTEN).contains(&tokens.len()) {
            return None;
        }
        let known = self.others.iter().map(|way| Aside::of(&tokens, &way.ids(), &way.chosen));
        let untold = self.aside.iter().rev().map(|(ids, chosen)| Aside::of(&tokens, ids, chosen));
        let others = known.chain(untold).collect();
        let open = self.open.filter(|open| *open < tokens.len());
        let chosen = self.chosen_before(tokens.len());
        Some(Written { tokens, open, text: (from != text).then(|| from.clone()), chosen, others })
    }

    /// Whether what a link says was written is still to be told again by this model.
    #[must_use]
    pub fn waits_for(&self, model: &str) -> bool {
        let is_untold = !self.linked.is_empty() || !self.aside.is_empty();
        is_untold && !self.is_running() && self.from.as_ref().is_some_and(|(of, _)| of == model)
    }

    /// Makes of what came with a document something that is to be told again.
    pub fn thaw(&mut self) {
        if std::mem::take(&mut self.is_frozen) {
            self.linked = self.ids();
            let others = std::mem::take(&mut self.others);
            self.aside = others.into_iter().map(|way| (way.ids(), way.chosen)).rev().collect();
        }
    }

    /// Has it told again from the first token on: the same tokens with the numbers that the model gives them, whatever the seed. Then
    /// the other ways, one after the other.
    #[must_use]
    pub fn tell_again(&mut self) -> Vec<Command> {
        if self.linked.is_empty() {
            return self.tell_aside().into_iter().collect();
        }
        self.steps.clear();
        (self.ended, self.triangle, self.gazed) = (false, None, None);
        self.ask(Sampling::default()).into_iter().collect()
    }

    pub(super) fn tell_aside(&mut self) -> Option<Command> {
        let ((model, text), (written, _)) = (self.from.clone()?, self.aside.last().cloned()?);
        self.telling.clear();
        let id = self.next();
        (self.running, self.telling_as) = (Some(id), Some(id));
        let generation = Generation { model, text, written, replay: true, most: 0, sampling: Sampling::default() };
        Some(Command::Generate { id, generation: Box::new(generation) })
    }

    /// Takes the way that was told again among the others.
    pub(super) fn take_aside(&mut self, ended: bool) {
        let Some((ids, chosen)) = self.aside.pop() else { return };
        let way = Way { steps: std::mem::take(&mut self.telling), ended, chosen: Vec::new() };
        if way.ids() == ids {
            self.keep(Way { chosen, ..way });
        } else {
            self.failed = Some(say("writing.not_all").to_owned());
        }
    }
}
