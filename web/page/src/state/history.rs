//! What was asked in this session, newest first, with as many of the answers as there is room for; the states that the form was in;
//! and how two explanations differ where their tokens are the same.

use std::collections::VecDeque;
use std::sync::Arc;

use headlight_document::{Attribution, Explanation, Method, Request};
use headlight_report::csv;

use super::colour::Scale;
use super::form::{Form, answers};

/// How many questions are remembered.
const QUESTIONS: usize = 100;
/// How many answers are.
const ANSWERS: usize = 20;
/// How much they take together, in bytes.
const BYTES: usize = 96 << 20;
/// How many states of the form are.
const STEPS: usize = 50;
/// How long somebody pauses who goes on with what they were changing, in milliseconds.
const PAUSE: f64 = 1500.0;

/// A question that was answered.
#[derive(Clone, Debug)]
pub struct Past {
    /// A number of its own.
    pub key: u32,
    /// What the form was.
    pub form: Form,
    /// What was asked.
    pub request: Request,
    /// When it was answered, in milliseconds.
    pub at: f64,
    /// What the answer's target was, and the model's name.
    pub said: (String, String),
    /// The answer, unless there was no more room.
    pub document: Option<Arc<Explanation>>,
}

/// The questions of a session.
#[derive(Clone, Debug, Default)]
pub struct History {
    all: VecDeque<Past>,
    last: u32,
}

impl History {
    /// Remembers an answer. The same question again takes the place of the first time.
    pub fn note(&mut self, form: Form, request: Request, document: Arc<Explanation>, at: f64) {
        self.all.retain(|past| past.request != request);
        self.last += 1;
        let said = (document.target.text.clone(), document.model.title.clone());
        self.all.push_front(Past { key: self.last, form, request, at, said, document: Some(document) });
        self.all.truncate(QUESTIONS);
        let mut bytes = 0;
        for (count, past) in self.all.iter_mut().enumerate() {
            bytes += past.document.as_deref().map_or(0, weight);
            // The newest stays, whatever it takes: it is on the page.
            if count > 0 && (count >= ANSWERS || bytes > BYTES) {
                past.document = None;
            }
        }
    }

    /// The questions, newest first.
    pub fn all(&self) -> impl Iterator<Item = &Past> {
        self.all.iter()
    }

    /// One of them.
    #[must_use]
    pub fn get(&self, key: u32) -> Option<&Past> {
        self.all.iter().find(|past| past.key == key)
    }

    /// The newest answer that there is to a question.
    #[must_use]
    pub fn answer(&self, request: &Request) -> Option<&Past> {
        self.all.iter().find(|past| past.document.is_some() && answers(&past.request, request))
    }
}

/// About how much memory a document takes, in bytes.
fn weight(document: &Explanation) -> usize {
    let attention: usize = document.attention.iter().map(|one| one.values.as_ref().map_or(0, Vec::len) * 4).sum();
    let values: usize = document.attributions.iter().map(|one| one.values.len() * 8).sum();
    attention + values + document.input.tokens.len() * 100 + 4096
}

/// The states that the form was in.
#[derive(Clone, Debug, Default)]
pub struct Steps {
    all: VecDeque<Form>,
    // Which parts the last change was of, and when it was.
    last: Option<(Part, f64)>,
}

/// What of the form a change is of; changes of one kind in quick succession are one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Part {
    /// A text that is typed.
    Text,
    /// What is looked at.
    View,
    /// Anything else.
    Choice,
}

impl Steps {
    /// Remembers what the form was before a change.
    pub fn note(&mut self, before: Form, after: &Form, at: f64) {
        if before == *after {
            return;
        }
        let part = part(&before, after);
        let goes_on = self.last.is_some_and(|(last, then)| last == part && part != Part::Choice && at - then < PAUSE);
        self.last = Some((part, at));
        if goes_on {
            return;
        }
        self.all.push_back(before);
        while self.all.len() > STEPS {
            self.all.pop_front();
        }
    }

    /// What the form was before the last change.
    pub fn back(&mut self) -> Option<Form> {
        self.last = None;
        self.all.pop_back()
    }
}

fn part(before: &Form, after: &Form) -> Part {
    let same_view =
        Form { head: before.head, token: before.token, kind: before.kind, picture: before.picture, ..after.clone() };
    if same_view == *before {
        return Part::View;
    }
    if (&before.model, before.task) == (&after.model, after.task)
        && (&before.text, &before.second_text) != (&after.text, &after.second_text)
    {
        return Part::Text;
    }
    Part::Choice
}

/// Two explanations side by side.
#[derive(Clone, Debug, PartialEq)]
pub struct Beside {
    /// The method whose values are shown.
    pub method: Method,
    /// A line for each token: its place in the first, in the second, and its values.
    pub lines: Vec<Line>,
}

/// A token of either or both.
#[derive(Clone, Debug, PartialEq)]
pub struct Line {
    /// Its text.
    pub text: String,
    /// Its value in the first, if it has it.
    pub first: Option<f64>,
    /// Its value in the second, if it has it.
    pub second: Option<f64>,
}

impl Line {
    /// How much more it counts in the second, where both have it.
    #[must_use]
    pub fn difference(&self) -> Option<f64> {
        Some(self.second? - self.first?)
    }
}

impl Beside {
    /// The scale of both, and that of their differences.
    #[must_use]
    pub fn scales(&self) -> [Scale; 2] {
        let both = self.lines.iter().flat_map(|line| [line.first, line.second]).flatten();
        let differences = self.lines.iter().filter_map(Line::difference);
        [Scale::of(both, self.method.is_signed()), Scale::of(differences, true)]
    }

    /// The values with comma-separated columns.
    #[must_use]
    pub fn table(&self) -> String {
        let mut table = "text,first,second,difference\r\n".to_owned();
        for line in &self.lines {
            csv::line(&mut table, &[&csv::text(&line.text), &line.first, &line.second, &line.difference()]);
        }
        table
    }
}

/// Lays two explanations beside each other by a method that both have, the wanted one first; none where there is no such method.
#[must_use]
pub fn beside(first: &Explanation, second: &Explanation, wanted: Method) -> Option<Beside> {
    let of = |document: &Explanation, method: Method| -> Option<Attribution> {
        document.attributions.iter().find(|one| one.method == method).cloned()
    };
    let mut methods = std::iter::once(wanted).chain(first.attributions.iter().map(|one| one.method));
    let (method, a, b) = methods.find_map(|method| Some((method, of(first, method)?, of(second, method)?)))?;
    let texts = |document: &Explanation| -> Vec<String> {
        document.input.tokens.iter().map(|token| token.text.clone()).collect()
    };
    let (one, other) = (texts(first), texts(second));
    let lines = aligned(&one, &other).into_iter().map(|(i, j)| Line {
        text: i.and_then(|i| one.get(i)).or_else(|| other.get(j?)).cloned().unwrap_or_default(),
        first: i.and_then(|i| a.values.get(i)).copied(),
        second: j.and_then(|j| b.values.get(j)).copied(),
    });
    Some(Beside { method, lines: lines.collect() })
}

/// The longest run of equal pieces in the order of both, with what either has besides. A long middle that differs is not searched.
fn aligned(a: &[String], b: &[String]) -> Vec<(Option<usize>, Option<usize>)> {
    const MOST: usize = 1_000_000;
    let head = a.iter().zip(b).take_while(|(a, b)| a == b).count();
    let tail = a[head..].iter().rev().zip(b[head..].iter().rev()).take_while(|(a, b)| a == b).count();
    let (rows, columns) = (a.len() - head - tail, b.len() - head - tail);
    let mut pairs: Vec<_> = (0..head).map(|at| (Some(at), Some(at))).collect();
    let (mut i, mut j) = (0, 0);
    if rows * columns <= MOST {
        // How long the longest common run of what follows both is.
        let width = columns + 1;
        let mut longest = vec![0_u16; (rows + 1) * width];
        let is_same = |i: usize, j: usize| a.get(head + i) == b.get(head + j);
        for i in (0..rows).rev() {
            for j in (0..columns).rev() {
                longest[i * width + j] = if is_same(i, j) {
                    longest[(i + 1) * width + j + 1] + 1
                } else {
                    longest[(i + 1) * width + j].max(longest[i * width + j + 1])
                };
            }
        }
        while i < rows && j < columns {
            if is_same(i, j) {
                pairs.push((Some(head + i), Some(head + j)));
                (i, j) = (i + 1, j + 1);
            } else if longest[(i + 1) * width + j] >= longest[i * width + j + 1] {
                pairs.push((Some(head + i), None));
                i += 1;
            } else {
                pairs.push((None, Some(head + j)));
                j += 1;
            }
        }
    }
    pairs.extend((i..rows).map(|i| (Some(head + i), None)));
    pairs.extend((j..columns).map(|j| (None, Some(head + j))));
    pairs.extend((0..tail).map(|at| (Some(a.len() - tail + at), Some(b.len() - tail + at))));
    pairs
}

/// How long ago something was: a number of its unit, which is `now`, `minute`, `hour` or `day`.
#[must_use]
pub fn ago(milliseconds: f64) -> (&'static str, usize) {
    let minutes = (milliseconds / 60_000.0).max(0.0);
    match minutes {
        minutes if minutes < 1.0 => ("now", 0),
        minutes if minutes < 60.0 => ("minute", minutes as usize),
        minutes if minutes < 1440.0 => ("hour", (minutes / 60.0) as usize),
        minutes => ("day", (minutes / 1440.0) as usize),
    }
}

#[cfg(test)]
#[path = "history_tests.rs"]
mod tests;
