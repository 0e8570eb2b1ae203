//! Lessons: what a teacher writes, as it is read from a file, and how far somebody has come in one.
//!
//! A lesson's answers are computed from the run on the learner's own page: a file states rules (`rule`), never results.

pub mod course;
pub mod markup;
mod read;
mod rule;
mod scene;

use headlight_document::link::HeadPicture;
use headlight_document::{HeadFigure, Measure, Method, Read, TargetSpec, Task, Token};

pub use read::{MOST_BYTES, index, lesson};
pub use rule::Rule;
pub use scene::{Missing, Scene};

use super::form::Form;

/// A lesson.
#[derive(Clone, Debug, PartialEq)]
pub struct Lesson {
    /// What its progress is remembered by.
    pub id: String,
    /// Its title.
    pub title: String,
    /// How long it takes, in minutes.
    pub minutes: u32,
    /// What it is about.
    pub about: Vec<String>,
    /// Its steps.
    pub steps: Vec<Step>,
}

/// A line of the list of lessons.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Listed {
    /// The lesson's id: its file is `ID.json`.
    pub id: String,
    /// Its title.
    pub title: String,
    /// What it is about, in a sentence.
    pub about: String,
    /// How many steps it has.
    pub steps: usize,
}

/// A step.
#[derive(Clone, Debug, PartialEq)]
pub struct Step {
    /// Its title.
    pub title: String,
    /// Its paragraphs.
    pub text: Vec<String>,
    /// The formula that it shows, as the glossary names it.
    pub formula: Option<String>,
    /// What the page is put to.
    pub set: Option<Set>,
    /// Which panel is looked at.
    pub look: Option<String>,
    /// What is asked; a step without a question is read.
    pub question: Option<Question>,
}

/// What the page is put to; what is none stays as it is.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Set {
    /// The model, by its registered name.
    pub model: Option<String>,
    /// The task.
    pub task: Option<Task>,
    /// The text.
    pub text: Option<String>,
    /// The second text.
    pub second_text: Option<String>,
    /// The target.
    pub target: Option<TargetSpec>,
    /// What it is held against.
    pub foil: Option<Token>,
    /// As what it is read.
    pub read: Option<Read>,
    /// The method that colours the text.
    pub method: Option<Method>,
    /// The open head.
    pub head: Option<(usize, usize)>,
    /// As what it is drawn.
    pub picture: Option<HeadPicture>,
    /// The picked token.
    pub token: Option<usize>,
    /// The methods that are ticked.
    pub methods: Option<Vec<Method>>,
    /// The measures that are ticked.
    pub measures: Option<Vec<Measure>>,
    /// The figures of heads that are ticked.
    pub figures: Option<Vec<HeadFigure>>,
}

impl Set {
    /// The form with all of it. A text begins a question anew.
    #[must_use]
    pub fn onto(&self, form: &Form) -> Form {
        let model = self.model.as_ref().unwrap_or(&form.model);
        let task = self.task.unwrap_or(form.task);
        let begins = self.text.is_some() || self.model.is_some() || self.task.is_some();
        let mut form =
            if begins { Form::new(model, task, self.text.as_ref().unwrap_or(&form.text)) } else { form.clone() };
        if let Some(second) = &self.second_text {
            form.set_second_text(second.clone());
        }
        if let Some(target) = &self.target {
            form.set_target(target.clone());
        }
        if self.foil.is_some() {
            form.foil.clone_from(&self.foil);
        }
        form.read = self.read.unwrap_or(form.read);
        if let Some(method) = self.method {
            form.set_method(method);
        }
        form.head = self.head.or(form.head);
        form.token = self.token.or(form.token);
        form.picture = self.picture.unwrap_or(form.picture);
        form.ticked = self.methods.clone().unwrap_or(form.ticked);
        form.measures = self.measures.clone().unwrap_or(form.measures);
        form.apart.figures = self.figures.clone().unwrap_or(form.apart.figures);
        form
    }
}

/// What is asked.
#[derive(Clone, Debug, PartialEq)]
pub struct Question {
    /// The question.
    pub ask: String,
    /// How it is answered.
    pub kind: Kind,
    /// What helps after an answer that is wrong.
    pub hint: Option<String>,
    /// What is said of a right answer; `{0}` stands for the first of `values`.
    pub right: Option<String>,
    /// What is said of a wrong one.
    pub wrong: Option<String>,
    /// Numbers and tokens of the run that are put into what is said.
    pub values: Vec<Rule>,
}

/// How a question is answered.
#[derive(Clone, Debug, PartialEq)]
pub enum Kind {
    /// By choosing: those are right whose rule holds; the option without one, where no other holds.
    Choose(Vec<Choice>),
    /// By a number.
    Number {
        /// The number.
        answer: Rule,
        /// How far off it may be.
        tolerance: f64,
    },
    /// By picking a token in the text.
    Token(Rule),
    /// By opening a head.
    Head(Rule),
    /// By doing something.
    Do(Rule),
}

/// One thing to choose.
#[derive(Clone, Debug, PartialEq)]
pub struct Choice {
    /// What it says.
    pub text: String,
    /// When it is right; none for "where no other is".
    pub when: Option<Rule>,
}

/// What came of an answer.
#[derive(Clone, Debug, PartialEq)]
pub enum Verdict {
    /// It is right.
    Right,
    /// It is not.
    Wrong,
    /// It cannot be said yet.
    NotYet(Missing),
    /// A number is wanted, and this is none.
    NoNumber,
    /// Nothing was chosen.
    Nothing,
}

/// What a learner has put in.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Given {
    /// What was chosen.
    pub choice: Option<usize>,
    /// What was typed.
    pub number: String,
}

impl Question {
    /// Holds an answer against the run.
    #[must_use]
    pub fn check(&self, given: &Given, scene: &Scene<'_>) -> Verdict {
        match self.judge(given, scene) {
            Ok(verdict) => verdict,
            Err(missing) => Verdict::NotYet(missing),
        }
    }

    fn judge(&self, given: &Given, scene: &Scene<'_>) -> Result<Verdict, Missing> {
        let of = |is_right: bool| if is_right { Verdict::Right } else { Verdict::Wrong };
        Ok(match &self.kind {
            Kind::Choose(_) => match given.choice {
                None => Verdict::Nothing,
                Some(choice) => of(self.right_choices(scene)?.get(choice).copied().unwrap_or_default()),
            },
            Kind::Number { answer, tolerance } => {
                if given.number.trim().is_empty() {
                    return Ok(Verdict::Nothing);
                }
                let Some(number) = typed(&given.number) else { return Ok(Verdict::NoNumber) };
                of((number - scene.number(answer)?).abs() <= *tolerance)
            }
            Kind::Token(rule) => {
                scene.form.token.ok_or(Missing::Pick)?;
                of(scene.truth(rule)?)
            }
            Kind::Head(rule) => {
                scene.form.head.ok_or(Missing::Head)?;
                of(scene.truth(rule)?)
            }
            Kind::Do(rule) => of(scene.truth(rule)?),
        })
    }

    fn right_choices(&self, scene: &Scene<'_>) -> Result<Vec<bool>, Missing> {
        let Kind::Choose(choices) = &self.kind else { return Ok(Vec::new()) };
        let holds = |choice: &Choice| choice.when.as_ref().map(|rule| scene.truth(rule)).transpose();
        let all: Vec<Option<bool>> = choices.iter().map(holds).collect::<Result<_, _>>()?;
        let none = !all.contains(&Some(true));
        Ok(all.into_iter().map(|holds| holds.unwrap_or(none)).collect())
    }

    /// The right answer in words, for somebody who gives up; none where it is to be done.
    #[must_use]
    pub fn answer(&self, scene: &Scene<'_>) -> Option<String> {
        match &self.kind {
            Kind::Choose(choices) => {
                let right = self.right_choices(scene).ok()?;
                let texts = choices.iter().zip(right).filter(|(_, right)| *right).map(|(choice, _)| &*choice.text);
                Some(texts.collect::<Vec<_>>().join(" / "))
            }
            Kind::Number { answer, .. } => Some(super::format::number(scene.number(answer).ok()?)),
            _ => None,
        }
    }

    /// A sentence with the run's values in it.
    #[must_use]
    pub fn said(&self, sentence: &str, scene: &Scene<'_>) -> String {
        let mut said = sentence.to_owned();
        for (at, rule) in self.values.iter().enumerate() {
            said = said.replace(&format!("{{{at}}}"), &scene.shown(rule));
        }
        said
    }
}

/// A number as a person types it, with a point or a comma and any minus sign.
#[must_use]
pub fn typed(text: &str) -> Option<f64> {
    let (text, scale) = match text.trim().strip_suffix('%') {
        Some(text) => (text, 0.01),
        None => (text.trim(), 1.0),
    };
    let plain = text.trim().replace('−', "-").replace(',', ".");
    plain.parse().ok().filter(|value: &f64| value.is_finite()).map(|value| value * scale)
}

#[cfg(test)]
#[path = "lesson_tests.rs"]
mod tests;
