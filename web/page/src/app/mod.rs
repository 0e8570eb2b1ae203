//! The page's state as signals, and everything that changes it: the panels call these methods and read these signals.

mod asking;
mod bringing;
mod counterfactual;
mod intervening;
mod language;
mod looking;
mod opening;
mod saving;
mod session;
mod sharing;
mod writing;

pub use asking::{Ask, Saved};
pub use language::speak_first;
pub use saving::Form as Publication;
pub use session::Session;

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::time::Duration;

use headlight_document::link::LinkError;
use headlight_document::message::{Command, DeviceChoice, RequestId};
use headlight_document::{
    Attention, AttentionKind, Attribution, Explanation, FileRole, Intervention, Manifest, Method, ModelEntry, Request,
    TargetSpec, Task, Token,
};
use leptos::prelude::*;

use crate::browser;
use crate::locale::{Language, heard, say};
use crate::state::compare::{Compared, same_subject};
use crate::state::conductor::{Conductor, Errand, Flight, Input, Phase};
use crate::state::form::{Form, answers, is_untouched};
use crate::state::frozen::Opened;
use crate::state::inside::Inside;
use crate::state::linking::{self, Lack};
use crate::state::sight::Sight;
use crate::state::sources::Sources;
use crate::state::writing::Writing;
use crate::state::{attention, tasks};
use crate::worker::Line;

/// How long the page waits after a keystroke before it asks.
const PAUSE: Duration = Duration::from_millis(400);

/// The explanation that is on the page.
#[derive(Clone)]
pub struct Shown {
    /// The document.
    pub document: Arc<Explanation>,
    /// The question that it answers; none for the precomputed one.
    pub request: Option<Request>,
    /// How many answers came before it.
    pub number: u32,
    /// The number that the engine knows it by, as long as that engine runs.
    pub id: Option<RequestId>,
}

/// What an answer would say, from what has been computed of it.
#[derive(Clone, Debug, PartialEq)]
pub struct Estimate {
    /// The question.
    pub request: Request,
    /// What is done, and last the estimate.
    pub attributions: Vec<Attribution>,
}

/// The list of models.
#[derive(Clone, Debug, PartialEq)]
pub enum Listing {
    /// Being fetched.
    Pending,
    /// Here.
    Ready(Arc<Manifest>),
    /// Not to be had, and why.
    Failed(String),
}

/// Light, dark, or as the system says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Theme {
    /// As the system says.
    Auto,
    /// Light.
    Light,
    /// Dark.
    Dark,
}

impl Theme {
    /// As it is stored; `auto` is stored as nothing.
    pub fn name(self) -> &'static str {
        match self {
            Self::Auto => "auto",
            Self::Light => "light",
            Self::Dark => "dark",
        }
    }
}

/// The page's state. Copies are handles to the same state.
#[derive(Clone, Copy)]
pub struct App {
    /// What the person has chosen.
    pub form: RwSignal<Form>,
    /// Which attention is shown, where a document has several.
    pub kind: Memo<Option<AttentionKind>>,
    /// The texts on both axes of the attention that is shown, rows first.
    pub labels: Memo<Arc<(Vec<String>, Vec<String>)>>,
    /// Who talks to the worker.
    pub conductor: RwSignal<Conductor>,
    /// The explanation on the page.
    pub shown: RwSignal<Shown>,
    /// The models.
    pub listing: RwSignal<Listing>,
    /// Models that this browser has had before.
    pub kept: RwSignal<BTreeSet<String>>,
    /// A sentence that waits to be dismissed.
    pub notice: RwSignal<Option<String>>,
    /// What is missing before the text can be explained.
    pub hint: RwSignal<Option<String>>,
    /// That another model took over, since the one before cannot do the chosen task.
    pub handover: RwSignal<Option<String>>,
    /// Whether a keystroke waits to be answered.
    pub pending: RwSignal<bool>,
    /// The language that the page speaks.
    pub language: RwSignal<Language>,
    /// The theme.
    pub theme: RwSignal<Theme>,
    /// Whether the page is dark.
    pub dark: Memo<bool>,
    /// What was opened that nobody has computed here.
    pub opened: RwSignal<Opened>,
    /// Whether the page is a frame in somebody else's.
    pub embeds: bool,
    /// The models that a person brings.
    pub sources: RwSignal<Sources>,
    /// Whether their panel is open.
    pub panel: RwSignal<bool>,
    /// The model that a link asks for, which nobody has looked at.
    pub invited: RwSignal<Option<String>>,
    /// The comparison of methods on the page.
    pub compared: RwSignal<Option<Compared>>,
    /// What an answer that is still being computed would say.
    pub estimate: RwSignal<Option<Estimate>>,
    /// What the layers do, on the page.
    pub layered: RwSignal<Option<Compared>>,
    /// The queries and keys of the open head, where they are shown.
    pub inside: RwSignal<Inside>,
    /// The attention maps that are at hand.
    pub sight: RwSignal<Sight>,
    /// What the changed model answers, on the page.
    pub changed: RwSignal<Option<Compared>>,
    /// What the model makes of another text, on the page.
    pub other: RwSignal<Option<Compared>>,
    /// That other text while it is typed, behind the text that it is another of. It outlives a change of the language.
    pub other_typed: RwSignal<(String, String)>,
    /// What was asked of it.
    pub(super) other_asked: StoredValue<Option<Request>>,
    /// What heads and layers do, on the page.
    pub headed: RwSignal<Option<Compared>>,
    /// What is missing before methods can be compared.
    pub comparing_hint: RwSignal<Option<String>>,
    /// What the model writes on its own.
    pub writing: RwSignal<Writing>,
    /// What is remembered of this session.
    pub session: Session,
    /// Whether it is to write as soon as it has answered.
    pub(super) write_after: StoredValue<bool>,
    /// Why heads and layers are not taken apart.
    pub apart_hint: RwSignal<Option<String>>,
    /// Whether what a link wants to know of heads and layers is still to be asked.
    pub(super) resume: StoredValue<bool>,
    /// How many bytes wait for a yes.
    pub asking: RwSignal<Option<u64>>,
    // The comparison that stood where an estimate of the next one stands, if one did.
    replaced: StoredValue<Option<Option<Compared>>>,
    // What was changed of the model before, for undo.
    undo: StoredValue<Vec<Intervention>>,
    // Commands that wait until the worker answers.
    waiting: StoredValue<Vec<Command>>,
    // The brought model that is to be chosen once it is ready.
    wanted: StoredValue<Option<String>>,
    // A person's own files, by the model; those that are looked at under the empty name.
    held: StoredValue<BTreeMap<String, js_sys::Array>, LocalStorage>,
    device: DeviceChoice,
    suggest: StoredValue<bool>,
    sample: StoredValue<String>,
    // The entries of what a paragraph cites, once they were fetched.
    library: StoredValue<String>,
    system_dark: RwSignal<bool>,
    linked: RwSignal<Option<Option<String>>>,
    line: StoredValue<Option<Line>, LocalStorage>,
    pause: StoredValue<Option<TimeoutHandle>, LocalStorage>,
    watch: StoredValue<Option<TimeoutHandle>, LocalStorage>,
    save: StoredValue<Option<TimeoutHandle>, LocalStorage>,
}

/// How soon a change is to be answered.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum When {
    /// After a pause in typing.
    Soon,
    /// At once.
    Now,
    /// At once, but for what takes more than a moment: that waits for a button.
    Cheap,
    /// Not at all: it changes what is looked at, or waits for a button.
    Never,
}

impl App {
    /// The state of this page.
    pub fn get() -> Self {
        expect_context()
    }

    /// A model of the list.
    pub fn entry(self, id: &str) -> Option<ModelEntry> {
        self.listing.with(|listing| match listing {
            Listing::Ready(manifest) => manifest.models.iter().find(|entry| entry.id == id).cloned(),
            _ => None,
        })
    }

    /// Whether the list of models is here.
    pub fn is_listed(self) -> bool {
        self.listing.with(|listing| matches!(listing, Listing::Ready(_)))
    }

    /// A model of the list, outside of views.
    pub fn entry_now(self, id: &str) -> Option<ModelEntry> {
        untrack(|| self.entry(id))
    }

    /// The name that people know a model by.
    pub fn title(self, id: &str) -> String {
        self.entry(id).map_or_else(|| id.to_owned(), |entry| entry.title)
    }

    /// Changes what the person has chosen.
    pub fn edit(self, when: When, change: impl FnOnce(&mut Form)) {
        let before = self.form.get_untracked();
        self.form.update(change);
        self.note_step(before);
        self.hint.set(None);
        self.save_soon();
        match when {
            When::Never => {}
            When::Now => self.ask(Ask::Whole),
            When::Cheap => self.ask(Ask::Cheap),
            When::Soon => {
                self.pending.set(true);
                self.clear(self.pause);
                let handle = set_timeout_with_handle(move || self.ask(Ask::Cheap), PAUSE).ok();
                self.pause.set_value(handle);
            }
        }
    }

    /// Takes another model; its first answer opens with a head that is worth a look.
    pub fn choose_model(self, entry: &ModelEntry) {
        self.handover.set(None);
        self.take(entry, None);
    }

    /// Takes another task, and with it a model that can do it.
    pub fn choose_task(self, task: Task) {
        let Listing::Ready(manifest) = self.listing.get_untracked() else { return };
        let model = self.form.with_untracked(|form| form.model.clone());
        self.handover.set(tasks::handover(&manifest, task, &model));
        if let Some(entry) = tasks::taken(&manifest, task, &model) {
            self.take(entry, Some(task));
        }
    }

    fn take(self, entry: &ModelEntry, task: Option<Task>) {
        self.let_go();
        self.suggest.set_value(true);
        self.undo.set_value(Vec::new());
        self.stop_writing();
        let untouched = match self.listing.get_untracked() {
            Listing::Ready(manifest) => self.form.with_untracked(|form| {
                is_untouched(&manifest, form) || self.sample.with_value(|sample| *sample == form.text)
            }),
            _ => false,
        };
        // A model that has been here before costs no download, so that its answer can come at once.
        let is_here = self.kept.with_untracked(|kept| kept.contains(&entry.id))
            || self.conductor.with_untracked(|conductor| conductor.loaded.as_deref() == Some(&*entry.id));
        self.edit(if is_here { When::Cheap } else { When::Never }, |form| {
            let old = (form.task, form.model.clone());
            if let Some(task) = task {
                form.set_task(task);
            }
            form.choose(entry);
            // A text of one's own stays; an example gives way to one of the new task's.
            let is_other = old != (form.task, form.model.clone());
            if untouched
                && is_other
                && !entry.examples.iter().any(|example| example.task == form.task && example.text == form.text)
                && let Some(example) = entry.examples.iter().find(|example| example.task == form.task)
            {
                form.set_text(example.text.clone());
                form.second_text = example.second_text.clone().unwrap_or_default();
            }
        });
    }

    /// Starts a new worker, on the CPU or as the address says.
    pub fn restart(self, on_cpu: bool) {
        self.tell(Input::Restart(if on_cpu { DeviceChoice::Cpu } else { self.device }));
    }

    /// Whether the explanation on the page answers what the form says, but for a method that waits for a button.
    pub fn is_current(self) -> bool {
        let request = self.cheap_request();
        self.shown.with(|shown| shown.request.as_ref().is_some_and(|asked| answers(asked, &request)))
    }

    /// Whether it answers all that the form says.
    pub fn is_whole(self) -> bool {
        let request = self.form.with(Form::request);
        self.shown.with(|shown| shown.request.as_ref().is_none_or(|asked| answers(asked, &request)))
    }

    /// Reads the attribution that is on show: an estimate of the chosen method's, else the document's, else its first; with the
    /// document.
    pub fn on_show<T>(self, read: impl FnOnce(&Explanation, &Attribution) -> T) -> Option<T> {
        let method = self.form.with(|form| form.method);
        self.shown.with(|shown| {
            let document = &shown.document;
            self.estimate.with(|estimate| {
                let estimated = estimate.as_ref().filter(|estimate| shown.is_about(&estimate.request));
                let newest = estimated.and_then(|estimate| of_method(&estimate.attributions, method));
                let found = newest.or_else(|| of_method(&document.attributions, method));
                Some(read(document, found.or_else(|| document.attributions.first())?))
            })
        })
    }

    /// Reads the attention that is shown, of those that the explanation on the page has.
    pub fn attention<T>(self, read: impl FnOnce(&Explanation, &Attention) -> T) -> Option<T> {
        // By itself, so that what is drawn of attention is not drawn again with every keystroke.
        let kind = self.kind.get();
        self.shown.with(|shown| {
            attention::chosen(&shown.document.attention, kind).map(|attention| read(&shown.document, attention))
        })
    }

    /// The head that is open, where the explanation on the page has it: a link may name any.
    pub fn open_head(self) -> Option<(usize, usize)> {
        let (layers, heads) = self.attention(|_, attention| (attention.layers, attention.heads)).unwrap_or_default();
        self.form.with(|form| form.head).filter(|&(layer, head)| layer < layers && head < heads)
    }

    /// The token that is picked, where the explanation on the page has it.
    pub fn picked_token(self) -> Option<usize> {
        let count = self.shown.with(|shown| shown.document.input.tokens.len());
        self.form.with(|form| form.token).filter(|&token| token < count)
    }

    /// The state in one word, for the status line and for tests.
    pub fn word(self) -> &'static str {
        let pending = self.pending.get();
        let is_current = self.is_current();
        let is_listed = self.listing.with(|listing| !matches!(listing, Listing::Failed(_)));
        self.conductor.with(|conductor| match (&conductor.phase, &conductor.flight) {
            _ if !is_listed => "error",
            (Phase::Down { .. }, _) => "error",
            _ if conductor.trouble.is_some() => "error",
            (Phase::Starting, _) => "starting",
            (_, Some(Flight { errand: Errand::Load(_), .. })) => "loading",
            (_, Some(Flight { errand: Errand::Explain(_) | Errand::Compare(_), cancelling: false, .. })) => "running",
            _ if conductor.is_asked() || conductor.comparing().is_some() || (pending && conductor.loaded.is_some()) => {
                "running"
            }
            _ if is_current => "done",
            (Phase::Up(_), _) if conductor.loaded.is_some() => "ready",
            _ => "idle",
        })
    }

    /// Explains one candidate.
    pub fn aim(self, target: TargetSpec) {
        // From the precomputed page this loads the model: its text is in the form.
        self.edit(When::Now, |form| form.set_target(target));
    }

    /// Asks why the target rather than another, or no longer.
    pub fn rather_than(self, foil: Token) {
        self.edit(When::Now, |form| form.set_foil(foil));
    }

    /// Chooses a theme and remembers it.
    pub fn set_theme(self, theme: Theme) {
        self.theme.set(theme);
        browser::remember("theme", theme.name());
    }

    /// The link to what is on the page and what of that had no room in it, or why there is none.
    pub fn link(self) -> Result<(String, Vec<Lack>), String> {
        let form = self.form.get_untracked();
        let request = form.request();
        request.validate().map_err(|error| heard(&error.to_string()))?;
        let sha256 = self.shown.with_untracked(|shown| {
            let model = &shown.document.model;
            (model.id == form.model && !model.sha256.is_empty()).then(|| model.sha256.clone())
        });
        let mut link = form.link(sha256);
        link.view.written = self.written();
        linking::encode(link).map_err(|error| match error {
            LinkError::TooLarge => say("share.live.not").to_owned(),
            error => heard(&error.to_string()),
        })
    }

    /// Keeps text and choices in the address and for the next visit.
    fn save_soon(self) {
        self.clear(self.save);
        let handle = set_timeout_with_handle(move || self.save_now(), Duration::from_millis(250));
        self.save.set_value(handle.ok());
    }

    /// Keeps them at once.
    pub fn save_now(self) {
        // A frozen explanation's address is its own, and its text no draft.
        if self.opened.with_untracked(|opened| opened.frozen.is_some()) {
            return;
        }
        browser::remember("draft", &self.form.with_untracked(Form::draft));
        // A text that is empty or too long for a link is kept in the draft alone.
        browser::set_fragment(&self.link().map(|(fragment, _)| fragment).unwrap_or_default());
    }

    /// Saves the explanation on the page as a file.
    pub fn export(self) {
        let document = self.whole();
        self.save_or_say(&document, "json", "application/json", &mut |file| headlight_report::json(&document, file));
    }

    fn clear(self, timer: StoredValue<Option<TimeoutHandle>, LocalStorage>) {
        if let Some(handle) = timer.try_update_value(Option::take).flatten() {
            handle.clear();
        }
    }
}

impl Shown {
    /// Whether it is about the same number on the same text as another question.
    pub fn is_about(&self, request: &Request) -> bool {
        self.request.as_ref().is_some_and(|asked| same_subject(asked, request))
    }
}

fn of_method(all: &[Attribution], method: Method) -> Option<&Attribution> {
    all.iter().find(|attribution| attribution.method == method)
}

fn weights_hash(entry: &ModelEntry) -> &str {
    entry.file(FileRole::Weights).map_or("", |file| &file.sha256)
}

fn is_kept(entry: &ModelEntry) -> bool {
    browser::recall(&format!("kept.{}", entry.id)).is_some_and(|sha256| sha256 == weights_hash(entry))
}
