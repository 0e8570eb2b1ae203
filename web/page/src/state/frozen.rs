//! What was opened that nobody has computed here: a link's question that waits for a yes, or a frozen explanation.

use std::sync::Arc;

use headlight_document::frozen::{Amount, OpenMap, Told};
use headlight_document::link::{Link, View, Written};
use headlight_document::{DocumentError, Explanation, Frozen, Parameters, Request};
use serde_json::Value;

use super::answer::current;
use super::attention::{chosen, suggested_head};
use super::form::Form;

/// The largest file that is opened: more than any explanation that the page saves.
pub const MAX_FILE_BYTES: usize = 32 << 20;

/// What was opened.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Opened {
    /// The link, until its question is answered.
    pub link: Option<Box<Link>>,
    /// Whether it is not to be asked before the reader says yes.
    pub waits: bool,
    /// The hash of the weights that gave the numbers that somebody shared.
    pub sha256: Option<String>,
    /// Whether the weights here are known to be others.
    pub differs: bool,
    /// What is known of a frozen explanation, as long as it is on the page.
    pub frozen: Option<Kept>,
}

/// How a frozen explanation was kept.
#[derive(Clone, Debug, PartialEq)]
pub struct Kept {
    /// The file that it was in; none for a link.
    pub file: Option<String>,
    /// What it has.
    pub left: Left,
    /// The open head's map, where the document does not have it.
    pub open: Option<Arc<OpenMap>>,
}

/// What a frozen explanation has and what it lacks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Left {
    /// How much of the attention it has.
    pub amount: Amount,
    /// Whether figures were left out.
    pub is_cut: bool,
    /// How much of what the model wrote it has.
    pub told: Told,
}

impl Left {
    /// What is left out, sentence by sentence.
    #[must_use]
    pub fn keys(self) -> Vec<&'static str> {
        let attention = match self.amount {
            Amount::All => None,
            Amount::Small => Some("share.frozen.small"),
            Amount::OpenHead => Some("share.frozen.open"),
            Amount::Nothing => Some("share.frozen.nothing"),
        };
        let written = match self.told {
            Told::All => None,
            Told::Steps => Some("share.told.steps"),
            Told::Way => Some("share.told.way"),
            Told::Tokens => Some("share.told.tokens"),
            Told::Nothing => Some("share.told.nothing"),
        };
        attention.into_iter().chain(self.is_cut.then_some("share.frozen.cut")).chain(written).collect()
    }
}

impl Opened {
    /// A link's question.
    #[must_use]
    pub fn link(form: &Form, sha256: Option<String>, written: Option<Written>) -> Self {
        let mut link = form.link(None);
        link.view.written = written;
        Self { link: Some(Box::new(link)), sha256, ..Self::default() }
    }

    /// Its question was answered by weights of this hash: what was shared gives way, and whether it came from other weights is
    /// still to be said.
    pub fn answered(&mut self, sha256: &str) {
        self.link = None;
        self.frozen = None;
        self.waits = false;
        let is_other = self.sha256.as_deref().is_some_and(|shared| !shared.is_empty() && shared != sha256);
        self.differs = is_other && !sha256.is_empty();
    }

    /// Whether there is anything to say.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        *self == Self::default()
    }
}

/// Reads a file that is said to be an explanation; none where it does not say so of itself.
///
/// # Errors
/// Why it can't be shown.
#[must_use]
pub fn read(text: &str) -> Option<Result<Explanation, Unreadable>> {
    let name = headlight_document::explanation::SCHEMA.split('@').next().unwrap_or_default();
    // What is in quotes begins like the name of a schema: any version's, so that a later one is told as what it is.
    if !text.trim_start().starts_with('{') || !text.contains(&format!("\"{name}@")) {
        return None;
    }
    let read = serde_json::from_str::<Explanation>(text).map_err(|_| Unreadable::Damaged);
    Some(read.and_then(|document| match document.validate() {
        Ok(()) => Ok(document),
        Err(error) => Err(Unreadable::Faulty(error)),
    }))
}

/// Why a file can't be shown.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Unreadable {
    /// It is cut off or altered.
    Damaged,
    /// What it holds does not go together.
    Faulty(DocumentError),
}

/// What a file holds, to be looked at from its own head and its costliest method.
#[must_use]
pub fn of_file(document: Explanation) -> Frozen {
    let methods = &document.attributions;
    let plain = || methods.iter().position(|one| one.method == headlight_document::Method::GradXInput);
    let method = methods.iter().rposition(|one| !one.method.is_single_run()).or_else(plain).unwrap_or(0);
    let head = chosen(&document.attention, None).and_then(suggested_head);
    let view = View { method, head, ..View::default() };
    Frozen { document, view, open: None, amount: Amount::All, is_cut: false, told: Told::All }
}

/// The form that asks what a document answers. What the document says itself stands above the question that it brings along.
#[must_use]
pub fn form_of(document: &Explanation, view: View) -> Form {
    let input = &document.input;
    let mut request = match &document.request {
        Some(request) => (**request).clone(),
        None => asked(document),
    };
    request.model.clone_from(&document.model.id);
    request.text.clone_from(&input.text);
    request.second_text.clone_from(&input.second_text);
    if request.task != input.task {
        request.task = input.task;
        request.target = current(document);
    }
    if !request.task.has(&request.target) {
        request.target = request.task.target();
        request.foil = None;
    }
    let shown = document.attributions.get(view.method).or(document.attributions.first());
    let method = shown.map(|one| one.method);
    let mut form = Form::of_link(Link { request, model_sha256: None, view: View { method: 0, ..view } });
    if let Some(method) = method {
        form.method = method;
    }
    form
}

/// The question that a document without one answers, as far as the document tells.
fn asked(document: &Explanation) -> Request {
    let (input, target) = (&document.input, &document.target);
    let mut request = Request::new(document.model.id.clone(), input.task, input.text.clone());
    request.target = current(document);
    request.read = target.read;
    request.foil = target.foil.as_ref().map(|foil| {
        // Labels are known by their names.
        let is_label =
            matches!(target.kind, headlight_document::TargetKind::Class | headlight_document::TargetKind::TokenLabel);
        if is_label { foil.text.as_str().into() } else { headlight_document::Token::Id(foil.id) }
    });
    request.methods = document.attributions.iter().map(|one| one.method).collect();
    request.parameters = parameters(document);
    request
}

/// What methods ran with, where that is among what can be chosen.
fn parameters(document: &Explanation) -> Parameters {
    let mut all = String::new();
    for (name, value) in document.attributions.iter().flat_map(|one| &one.parameters) {
        let value = match value {
            Value::String(text) => text.clone(),
            other => other.to_string(),
        };
        let one = format!("{name}={value} ");
        if one.parse::<Parameters>().is_ok_and(|one| one.validate().is_ok()) {
            all.push_str(&one);
        }
    }
    all.parse().unwrap_or_default()
}

/// The code of a frame that shows `address`.
#[must_use]
pub fn snippet(address: &str, title: &str) -> String {
    let escaped =
        |text: &str| text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;").replace('"', "&quot;");
    format!(
        r#"<iframe src="{}" width="720" height="560" title="{}" loading="lazy" style="border:0"></iframe>"#,
        escaped(address),
        escaped(title)
    )
}

#[cfg(test)]
mod tests {
    use headlight_document::{Method, Read, TargetSpec, Token};

    use super::*;

    fn sample() -> Explanation {
        serde_json::from_str(include_str!("../../assets/sample.json")).unwrap()
    }

    #[test]
    fn a_saved_explanation_is_its_question_again() {
        let mut document = sample();
        let mut form = Form::new(document.model.id.clone(), document.input.task, document.input.text.clone());
        form.set_target(current(&document));
        form.ticked = vec![Method::GradXInput, Method::Lime];
        form.read = Read::Prob;
        let mut request = form.request();
        request.methods.clone_from(&form.ticked);
        document.request = Some(Box::new(request));
        let view = View { method: 1, ..form.link(None).view };
        assert_eq!(document.attributions[1].method, form.method);
        form.measures.clear();
        assert_eq!(form_of(&document, view), form);
    }

    #[test]
    fn a_document_without_its_question_tells_what_it_was() {
        let mut document = sample();
        document.attributions[0].method = Method::IntegratedGradients;
        let told = [("steps", Value::from(20)), ("baseline", Value::from("mean")), ("made_up", Value::from("x; y"))];
        document.attributions[0].parameters = told.map(|(name, value)| (name.to_owned(), value)).into();
        document.target.foil = Some(headlight_document::Foil { id: 9, text: " x".into() });
        let form = form_of(&document, View::default());
        assert_eq!((form.parameters.steps, form.parameters.baseline.name()), (20, "mean"));
        assert_eq!(form.method, Method::IntegratedGradients);
        assert_eq!(form.target, TargetSpec::Next(document.target.id.map(Token::Id)));
        assert_eq!((form.foil.as_ref(), form.request().validate()), (Some(&Token::Id(9)), Ok(())));
    }

    #[test]
    fn what_the_document_shows_stands_above_what_it_says_it_was_asked() {
        let mut document = sample();
        let mut other = Request::new("evil", headlight_document::Task::Compare, "another text");
        other.second_text = Some("b".into());
        document.request = Some(Box::new(other));
        let form = form_of(&document, View::default());
        assert_eq!(
            (&form.text, &form.model, form.task),
            (&document.input.text, &document.model.id, document.input.task)
        );
        assert_eq!(form.request().validate(), Ok(()));
    }

    #[test]
    fn files_are_read_refused_or_none_of_ours() {
        let text = include_str!("../../assets/sample.json");
        assert_eq!(read(text), Some(Ok(sample())));
        assert_eq!(read(r#"{"model_type": "llama"}"#), None);
        assert_eq!(read("[1]"), None);
        assert_eq!(read(&text[..text.len() / 2]), Some(Err(Unreadable::Damaged)));
        let later = text.replacen("explanation@1", "explanation@2", 1);
        assert!(matches!(read(&later), Some(Err(Unreadable::Faulty(DocumentError::Schema { .. })))));
        let frozen = of_file(sample());
        assert!(frozen.view.head.is_some());
        assert_eq!(form_of(&frozen.document, frozen.view.clone()).head, frozen.view.head);
    }

    #[test]
    fn a_frames_code_is_escaped() {
        let code = snippet("https://a.example/?embed&x#1.A", "\"><script>&");
        assert!(code.contains(r#"src="https://a.example/?embed&amp;x#1.A""#), "{code}");
        assert!(code.contains(r#"title="&quot;&gt;&lt;script&gt;&amp;""#), "{code}");
    }

    #[test]
    fn other_weights_are_told_once_they_have_answered() {
        let form = Form::new("owner/name", headlight_document::Task::Continue, "a");
        let mut opened = Opened::link(&form, Some("aa".into()), None);
        opened.waits = true;
        opened.answered("aa");
        assert!(!opened.differs && !opened.waits && opened.link.is_none());
        opened.answered("bb");
        assert!(opened.differs);
    }
}
