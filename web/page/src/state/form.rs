//! What a person has chosen, and how it becomes a request, a link, and again a choice.

use headlight_document::link::{HeadPicture, Link, LinkError, View, Written};
use headlight_document::{
    AttentionDetail, AttentionKind, FileRole, Frozen, Intervention, Manifest, Measure, Method, ModelEntry, Parameters,
    Read, Request, Sampling, TargetSpec, Task, Token, Units,
};
use serde_json::{Value, json};

use super::apart::Apart;
use super::compare::{self, is_offered};
use super::grouping::Grouping;
use super::left_out::Without;
use super::marks::{self, Mark};
use super::prompt::Prompt;

/// The methods that the page always asks for, since they share one backward run.
pub const METHODS: &[Method] = &[Method::GradXInput, Method::Saliency];

/// How many texts LIME draws in the page. Its own 5000 are beyond a reader's patience; the standard error says what fewer cost.
pub const LIME_SAMPLES: u32 = 500;

/// How many LIME draws where SmoothGrad, whose every sample costs a run backward too, draws as many beside it.
pub const SHARED_SAMPLES: u32 = 100;

/// What a person has chosen.
#[derive(Clone, Debug, PartialEq)]
pub struct Form {
    /// The registered name of the model.
    pub model: String,
    /// What is done with the text.
    pub task: Task,
    /// The text.
    pub text: String,
    /// The text it is compared with, or the question about it; kept while a task without one is chosen.
    pub second_text: String,
    /// What a causal model is shown before it classifies.
    pub classify: Prompt,
    /// What a causal model is shown before it answers.
    pub answer: Prompt,
    /// What is explained.
    pub target: TargetSpec,
    /// As what it is read.
    pub read: Read,
    /// What the target is held against.
    pub foil: Option<Token>,
    /// Which method colours the text.
    pub method: Method,
    /// What methods leave to be chosen.
    pub parameters: Parameters,
    /// The methods that are compared.
    pub ticked: Vec<Method>,
    /// What is measured of them.
    pub measures: Vec<Measure>,
    /// The words that the person marked.
    pub marks: Vec<Mark>,
    /// How the tokens of a word are shown.
    pub grouping: Grouping,
    /// Which attention is shown, where a document has several.
    pub kind: Option<AttentionKind>,
    /// What is left out of the pictures of attention.
    pub without: Without,
    /// What is changed of the model, to see what it answers then.
    pub intervention: Intervention,
    /// What is wanted of heads and layers.
    pub apart: Apart,
    /// How the model chooses tokens where it writes.
    pub sampling: Sampling,
    /// What its translation begins with for certain.
    pub begun: Vec<u32>,
    /// As what the open head is drawn.
    pub picture: HeadPicture,
    /// The layer and head that is open.
    pub head: Option<(usize, usize)>,
    /// The token that is picked.
    pub token: Option<usize>,
}

impl Form {
    /// The plain question about `text`.
    #[must_use]
    pub fn new(model: impl Into<String>, task: Task, text: impl Into<String>) -> Self {
        Self {
            model: model.into(),
            task,
            text: text.into(),
            second_text: String::new(),
            classify: Prompt::default(),
            answer: Prompt::default(),
            target: task.target(),
            read: Read::Logit,
            foil: None,
            method: Method::GradXInput,
            parameters: Parameters::default(),
            ticked: compare::TICKED.to_vec(),
            measures: compare::MEASURED.to_vec(),
            marks: Vec::new(),
            grouping: Grouping::None,
            kind: None,
            without: Without::default(),
            picture: HeadPicture::default(),
            intervention: Intervention::default(),
            apart: Apart::default(),
            sampling: Sampling::default(),
            begun: Vec::new(),
            head: None,
            token: None,
        }
    }

    /// The methods that are asked for: the ones that cost nothing more, and the one that colours the text.
    #[must_use]
    pub fn methods(&self) -> Vec<Method> {
        let costly = (!self.method.is_single_run()).then_some(self.method);
        METHODS.iter().copied().chain(costly).collect()
    }

    /// The methods that are compared, of those that the task has.
    #[must_use]
    pub fn compared(&self) -> Vec<Method> {
        self.ticked.iter().copied().filter(|&method| is_offered(method, self.task)).collect()
    }

    /// Takes another method. The number of samples meant something else for the last one.
    pub fn set_method(&mut self, method: Method) {
        self.method = method;
        self.parameters.samples = None;
    }

    /// Takes another target, and lets go of what the last one was held against.
    pub fn set_target(&mut self, target: TargetSpec) {
        self.target = target;
        self.foil = None;
    }

    /// Holds the target against `foil`; against nothing where it is that already.
    pub fn set_foil(&mut self, foil: Token) {
        self.foil = (self.foil.as_ref() != Some(&foil) && self.target.token().as_ref() != Some(&foil)).then_some(foil);
    }

    /// The question in it, not yet validated.
    #[must_use]
    pub fn request(&self) -> Request {
        self.request_of(self.methods())
    }

    /// The same question, with no method that costs more than the one run.
    #[must_use]
    pub fn cheap_request(&self) -> Request {
        self.request_of(METHODS.to_vec())
    }

    /// The question that compares the ticked methods; attention maps are no part of it.
    #[must_use]
    pub fn comparison(&self) -> Request {
        let request = self.request_of(self.compared());
        Request { measures: self.measures.clone(), attention: AttentionDetail::None, ..request }
    }

    /// The question for gradient times activation by layer.
    #[must_use]
    pub fn layer_request(&self) -> Request {
        let request = self.request_of(Vec::new());
        Request { layers: true, attention: AttentionDetail::None, ..request }
    }

    /// The question for figures of heads and layers.
    #[must_use]
    pub fn heads_request(&self) -> Request {
        let request = self.request_of(Vec::new());
        self.apart.put_into(Request { attention: AttentionDetail::None, ..request })
    }

    /// The question what the changed model answers.
    #[must_use]
    pub fn changed_request(&self) -> Request {
        let request = self.request_of(Vec::new());
        Request { intervention: self.intervention.clone(), attention: AttentionDetail::None, ..request }
    }

    fn request_of(&self, methods: Vec<Method>) -> Request {
        Request {
            model: self.model.clone(),
            task: self.task,
            text: self.text.clone(),
            second_text: self.task.second_text().map(|_| self.second_text.clone()),
            labels: self.prompt().map(|prompt| prompt.labels.clone()).unwrap_or_default(),
            shots: self.prompt().map(|prompt| prompt.shots.clone()).unwrap_or_default(),
            target: self.target.clone(),
            read: if self.task == Task::Compare { Read::Logit } else { self.read },
            foil: self.foil.clone(),
            parameters: Parameters { samples: samples(&self.parameters, &methods), ..self.parameters },
            methods,
            selection: if self.parameters.units == Units::Selection { self.marks.clone() } else { Vec::new() },
            measures: Vec::new(),
            layers: false,
            heads: Vec::new(),
            patch: None,
            texts: Vec::new(),
            begun: if self.task == Task::Translate { self.begun.clone() } else { Vec::new() },
            intervention: Intervention::default(),
            attention: AttentionDetail::Overview,
        }
    }

    /// What a causal model is shown before the text; none for tasks that need nothing.
    #[must_use]
    pub fn prompt(&self) -> Option<&Prompt> {
        match self.task {
            Task::Classify => Some(&self.classify),
            Task::Answer => Some(&self.answer),
            _ => None,
        }
    }

    /// Changes what a causal model is shown before the text. What stands there by default is kept as nothing.
    pub fn edit_prompt(&mut self, change: impl FnOnce(&mut Prompt)) {
        let prompt = match self.task {
            Task::Classify => &mut self.classify,
            Task::Answer => &mut self.answer,
            _ => return,
        };
        *prompt = prompt.clone().edited(self.task, change);
        self.retarget();
    }

    /// Takes a model and a task that it can do; what does not go with them is reset.
    pub fn choose(&mut self, entry: &ModelEntry) {
        if self.model != entry.id {
            self.intervention = Intervention::default();
        }
        self.model = entry.id.clone();
        if !entry.tasks.contains(&self.task)
            && let Some(&task) = entry.tasks.first()
        {
            self.set_task(task);
        }
        // Numbers of vocabulary entries mean something else in another model, and only some are shown examples.
        if !is_prompted(entry, self.task) {
            self.classify = Prompt::default();
            self.answer = Prompt::default();
        }
        self.retarget();
        self.clear_view();
    }

    /// Takes another task.
    pub fn set_task(&mut self, task: Task) {
        // A question is no text to compare with.
        if let (Some(old), Some(new)) = (self.task.second_text(), task.second_text())
            && old != new
        {
            self.second_text.clear();
        }
        self.task = task;
        self.retarget();
        self.clear_view();
    }

    /// Takes another text: the target and the view spoke of the old one.
    pub fn set_text(&mut self, text: String) {
        marks::carry(&mut self.marks, 0, &self.text, &text);
        self.text = text;
        // Places of the old text are others in the new one; heads stay what they are.
        self.intervention.hidden.clear();
        self.retarget();
    }

    /// Takes another second text.
    pub fn set_second_text(&mut self, text: String) {
        marks::carry(&mut self.marks, 1, &self.second_text, &text);
        self.second_text = text;
        self.retarget();
    }

    fn retarget(&mut self) {
        self.set_target(self.task.target());
        // A translation of another text, or another model's, begins as that model begins it.
        self.begun.clear();
        self.token = None;
    }

    fn clear_view(&mut self) {
        self.kind = None;
        self.head = None;
        self.token = None;
    }

    /// The link to it; `sha256` is of the weights that answered. Its methods are those that are compared, with the one that
    /// colours the text.
    #[must_use]
    pub fn link(&self, sha256: Option<String>) -> Link {
        let mut methods = self.compared();
        let method_is_apart = !methods.contains(&self.method);
        if method_is_apart {
            methods.push(self.method);
        }
        let method = methods.iter().position(|&method| method == self.method).unwrap_or(0);
        let request = Request {
            measures: self.measures.clone(),
            intervention: self.intervention.clone(),
            ..self.request_of(methods)
        };
        let marks = if request.selection.is_empty() { self.marks.clone() } else { Vec::new() };
        Link {
            request: if self.apart.is_asked { self.apart.put_into(request) } else { request },
            model_sha256: sha256,
            view: View {
                attention: self.kind,
                head: self.head,
                token: self.token,
                method,
                picture: self.picture,
                without_special: self.without.special,
                without_sinks: self.without.sinks,
                method_is_apart,
                grouping: if self.grouping == Grouping::None { String::new() } else { self.grouping.name().to_owned() },
                marks,
                sampling: (self.sampling != Sampling::default()).then_some(self.sampling),
                apart: self.apart.unasked(),
                written: None,
            },
        }
    }

    /// What a link opens. All of its methods are ticked: none is run for that.
    #[must_use]
    pub fn of_link(link: Link) -> Self {
        let Link { mut request, view, .. } = link;
        let plain = samples(&Parameters { samples: None, ..request.parameters }, &request.methods);
        request.parameters.samples.take_if(|samples| Some(*samples) == plain);
        let apart = Apart::of(&request, view.apart);
        let method = request.methods.get(view.method).copied().unwrap_or(Method::GradXInput);
        let mut prompts = [Prompt::default(), Prompt::default()];
        if let Some(prompt) = prompts.get_mut(usize::from(request.task == Task::Answer)) {
            *prompt = Prompt { labels: request.labels, shots: request.shots };
        }
        let [classify, answer] = prompts;
        Self {
            model: request.model,
            task: request.task,
            text: request.text,
            second_text: request.second_text.unwrap_or_default(),
            classify,
            answer,
            target: request.target,
            read: request.read,
            foil: request.foil,
            method,
            parameters: request.parameters,
            ticked: Method::ALL
                .iter()
                .copied()
                .filter(|one| request.methods.contains(one) && !(view.method_is_apart && *one == method))
                .collect(),
            measures: Measure::ALL.iter().copied().filter(|measure| request.measures.contains(measure)).collect(),
            marks: if request.selection.is_empty() { view.marks } else { request.selection },
            grouping: Grouping::of(&view.grouping),
            kind: view.attention,
            picture: view.picture,
            intervention: request.intervention,
            apart,
            sampling: view.sampling.unwrap_or_default(),
            begun: request.begun,
            without: Without { special: view.without_special, sinks: view.without_sinks },
            head: view.head,
            token: view.token,
        }
    }

    /// The draft that is kept for the next visit.
    #[must_use]
    pub fn draft(&self) -> String {
        json!({
            "model": self.model, "task": self.task.name(), "text": self.text, "second_text": self.second_text,
            "classify": self.classify.to_json(), "answer": self.answer.to_json(),
            "marks": marks::to_json(&self.marks), "grouping": self.grouping.name(),
            "patch": self.apart.patch, "texts": self.apart.texts,
        })
        .to_string()
    }

    /// Reads a draft; none where it is not one.
    #[must_use]
    pub fn of_draft(draft: &str) -> Option<Self> {
        let draft: Value = serde_json::from_str(draft).ok()?;
        let field = |name: &str| draft.get(name)?.as_str();
        let mut form = Self::new(field("model")?, field("task")?.parse().ok()?, field("text")?);
        form.second_text = field("second_text").unwrap_or_default().to_owned();
        form.classify = Prompt::of_json(draft.get("classify"));
        form.answer = Prompt::of_json(draft.get("answer"));
        form.marks = marks::of_json(draft.get("marks"));
        form.grouping = Grouping::of(field("grouping").unwrap_or_default());
        form.apart.patch = field("patch").unwrap_or_default().to_owned();
        form.apart.texts = field("texts").unwrap_or_default().to_owned();
        Some(form)
    }

    /// Takes what links of earlier versions do not have, and a draft of the same texts does: marks and grouping.
    pub fn join(&mut self, draft: Self) {
        if (&self.text, &self.second_text) == (&draft.text, &draft.second_text) {
            if self.marks.is_empty() {
                self.marks = draft.marks;
            }
            if self.grouping == Grouping::None {
                self.grouping = draft.grouping;
            }
        }
    }
}

/// How many samples are drawn where a person chose no number: the page's own for LIME, else what each method does by itself.
#[must_use]
pub fn samples(parameters: &Parameters, methods: &[Method]) -> Option<u32> {
    let shared = if methods.contains(&Method::SmoothGrad) { SHARED_SAMPLES } else { LIME_SAMPLES };
    parameters.samples.or(methods.contains(&Method::Lime).then_some(shared))
}

/// Whether the answer to `asked` answers `wanted` too: the same question, with all of its methods as they are wanted.
#[must_use]
pub fn answers(asked: &Request, wanted: &Request) -> bool {
    let has_all = wanted.methods.iter().all(|method| asked.methods.contains(method));
    let is_tuned = wanted.methods.iter().any(|method| !method.is_single_run());
    let parameters = if is_tuned { wanted.parameters } else { asked.parameters };
    let methods = if has_all { asked.methods.clone() } else { wanted.methods.clone() };
    let selection = if is_tuned { wanted.selection.clone() } else { asked.selection.clone() };
    *asked == Request { methods, parameters, selection, ..wanted.clone() }
}

/// Whether a model does a task by going on with a prompt of examples, which can then be changed.
#[must_use]
pub fn is_prompted(entry: &ModelEntry, task: Task) -> bool {
    entry.tasks.contains(&Task::Continue) && matches!(task, Task::Classify | Task::Answer)
}

/// Whether the form's text is nobody's own: empty, or one of the examples that are offered.
#[must_use]
pub fn is_untouched(manifest: &Manifest, form: &Form) -> bool {
    let mut examples = manifest.models.iter().flat_map(|entry| &entry.examples);
    form.text.trim().is_empty() || examples.any(|example| example.text == form.text)
}

/// What an address says when the page opens or when it changes.
#[derive(Clone, Debug, PartialEq)]
pub enum Opening {
    /// Nothing.
    Plain,
    /// A link, with the hash of the weights it speaks of, and what a model wrote.
    Linked(Box<Form>, Option<String>, Option<Written>),
    /// An explanation itself.
    Frozen(Box<Frozen>),
    /// Something that can't be opened.
    Refused(LinkError),
}

/// Reads an address's fragment.
#[must_use]
pub fn open(fragment: &str) -> Opening {
    if fragment.trim_start_matches('#').is_empty() {
        return Opening::Plain;
    }
    if Frozen::is(fragment) {
        return Frozen::decode(fragment).map_or_else(Opening::Refused, |frozen| Opening::Frozen(Box::new(frozen)));
    }
    match Link::decode(fragment) {
        Ok(mut link) => {
            let (sha256, written) = (link.model_sha256.take(), link.view.written.take());
            Opening::Linked(Box::new(Form::of_link(link)), sha256, written)
        }
        Err(error) => Opening::Refused(error),
    }
}

/// Whether a link's model is here with other weights than those that gave the numbers which somebody shared.
#[must_use]
pub fn differs(manifest: &Manifest, model: &str, sha256: Option<&str>) -> bool {
    let entry = manifest.models.iter().find(|entry| entry.id == model);
    // A document names an adapter where one is merged in.
    let ours = entry.and_then(|entry| entry.file(FileRole::Adapter).or(entry.file(FileRole::Weights)));
    sha256.zip(ours).is_some_and(|(theirs, ours)| !theirs.is_empty() && theirs != ours.sha256)
}

#[cfg(test)]
#[path = "form_tests.rs"]
mod tests;
