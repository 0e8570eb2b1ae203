//! The answer as it is shown for each task: a text with parts that can be chosen, and lists of candidates.

use headlight_document::{Candidate, Explanation, InputToken, TargetKind, TargetSpec, Task, Token};

use super::format::{number, percent};
use super::pieces::{split, visible};

use crate::locale::{fill, say};

/// What the answer panel shows.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Answer {
    /// Its heading.
    pub title: &'static str,
    /// What the model says, in one piece.
    pub said: Option<String>,
    /// What can be done with the text below.
    pub caption: &'static str,
    /// The text, piece by piece.
    pub parts: Vec<Part>,
    /// What can be chosen.
    pub lists: Vec<List>,
}

/// A piece of text.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Part {
    /// Text before it that can't be chosen.
    pub gap: String,
    /// The text.
    pub text: String,
    /// What choosing it explains; none where it can't be chosen.
    pub aim: Option<TargetSpec>,
    /// The token that it stands for, as [`headlight_document::Target::position`] counts.
    pub at: Option<usize>,
    /// Whether it is the explained answer itself.
    pub marked: bool,
    /// Whether it stands for no text.
    pub special: bool,
    /// Which of the labels' colours it has.
    pub hue: Option<usize>,
    /// The label to write behind it.
    pub label: Option<String>,
    /// What is said of it when it is pointed at.
    pub hover: String,
}

/// Candidates.
#[derive(Clone, Debug, PartialEq)]
pub struct List {
    /// By which tests find it.
    pub name: &'static str,
    /// What the numbers mean.
    pub caption: String,
    /// The candidates.
    pub bars: Vec<Bar>,
    /// What all others have together.
    pub rest: Option<f64>,
}

/// One candidate.
#[derive(Clone, Debug, PartialEq)]
pub struct Bar {
    /// Its number in the vocabulary or among the labels.
    pub id: Option<u32>,
    /// What it says.
    pub label: String,
    /// How long its bar is, from 0 to 1.
    pub share: f64,
    /// Its number for people.
    pub figure: String,
    /// Its probability.
    pub prob: f64,
    /// Its raw score.
    pub logit: f64,
    /// What choosing it explains.
    pub aim: TargetSpec,
}

/// What a document explains, written so that the aims of candidates can be held against it.
#[must_use]
pub fn current(document: &Explanation) -> TargetSpec {
    let target = &document.target;
    let token = target.id.map(Token::Id);
    match target.kind {
        TargetKind::NextToken => TargetSpec::Next(token),
        TargetKind::Class => TargetSpec::Label { name: Some(target.text.clone()), position: None },
        TargetKind::TokenLabel => TargetSpec::Label { name: Some(target.text.clone()), position: target.position },
        TargetKind::MaskedWord => TargetSpec::Mask { token, position: target.position },
        TargetKind::AnswerSpan => TargetSpec::Span(target.position.zip(target.end)),
        TargetKind::OutputToken => TargetSpec::Output { token, step: target.position },
        TargetKind::Similarity => TargetSpec::Similarity,
    }
}

/// What a document's answer looks like; a similarity has a picture of its own.
#[must_use]
pub fn answer(document: &Explanation) -> Answer {
    let output = &document.output;
    let position = document.target.position;
    match document.target.kind {
        TargetKind::NextToken if document.input.task == Task::Answer => Answer {
            title: say("answer.answers.title"),
            said: Some(output.text.clone().unwrap_or_default()),
            lists: vec![tokens(document, say("answer.answers.caption"))],
            ..Answer::default()
        },
        TargetKind::NextToken => Answer {
            title: say("answer.next.title"),
            lists: vec![tokens(document, say("answer.next.caption"))],
            ..Answer::default()
        },
        TargetKind::Class => {
            Answer { title: say("answer.class.title"), lists: vec![classes(document)], ..Answer::default() }
        }
        TargetKind::TokenLabel => labelled(document),
        TargetKind::MaskedWord => Answer {
            title: say("answer.mask.title"),
            parts: filled(document),
            lists: vec![tokens(document, say("answer.mask.caption"))],
            ..Answer::default()
        },
        TargetKind::AnswerSpan => found(document),
        TargetKind::OutputToken => Answer {
            title: say("answer.output.title"),
            caption: say("answer.output.choose"),
            parts: written(document),
            lists: vec![tokens(document, &fill("answer.output.caption", &[&position.map_or(0, |step| step + 1)]))],
            ..Answer::default()
        },
        TargetKind::Similarity => Answer { title: say("answer.similarity.title"), ..Answer::default() },
    }
}

fn bar(candidate: &Candidate, label: String, aim: TargetSpec) -> Bar {
    let Candidate { id, logit, prob, .. } = *candidate;
    Bar { id: Some(id), label, share: prob.clamp(0.0, 1.0), figure: percent(prob), prob, logit, aim }
}

fn rest(bars: &[Bar]) -> f64 {
    (1.0 - bars.iter().map(|bar| bar.prob).sum::<f64>()).max(0.0)
}

/// Entries of the vocabulary.
fn tokens(document: &Explanation, caption: &str) -> List {
    let position = document.target.position;
    let aim = |id: u32| {
        let token = Some(Token::Id(id));
        match document.target.kind {
            TargetKind::MaskedWord => TargetSpec::Mask { token, position },
            TargetKind::OutputToken => TargetSpec::Output { token, step: position },
            _ => TargetSpec::Next(token),
        }
    };
    let bars: Vec<Bar> = document
        .output
        .top
        .iter()
        .map(|candidate| bar(candidate, visible(&candidate.text), aim(candidate.id)))
        .collect();
    List { name: "candidates", caption: caption.to_owned(), rest: Some(rest(&bars)), bars }
}

/// Labels of the whole text.
fn classes(document: &Explanation) -> List {
    let top = &document.output.top;
    let aim = |name: &str| TargetSpec::Label { name: Some(name.to_owned()), position: None };
    let mut bars: Vec<Bar> = top.iter().map(|label| bar(label, label.text.clone(), aim(&label.text))).collect();
    let sum: f64 = bars.iter().map(|bar| bar.prob).sum();
    let (caption, rest) = if document.target.position.is_some() {
        let caption = say("answer.class.prompt");
        (caption, Some(rest(&bars)))
    } else if is_regression(document) {
        let greatest = bars.iter().map(|bar| bar.logit.abs()).fold(0.0, f64::max);
        for bar in &mut bars {
            bar.share = if greatest > 0.0 { bar.logit.abs() / greatest } else { 0.0 };
            bar.figure = number(bar.logit);
        }
        (say("answer.class.number"), None)
    } else if (sum - 1.0).abs() < 1e-6 {
        (say("answer.class.one"), None)
    } else {
        (say("answer.class.own"), None)
    };
    List { name: "candidates", caption: fill("answer.class.caption", &[&caption]), bars, rest }
}

/// Whether a classifier gives numbers in place of probabilities: then its probabilities are its scores again.
#[must_use]
pub fn is_regression(document: &Explanation) -> bool {
    let top = &document.output.top;
    document.target.kind == TargetKind::Class && !top.is_empty() && top.iter().all(|label| label.prob == label.logit)
}

/// Tokens that have one label together.
#[derive(Clone, Debug, PartialEq)]
struct Entity {
    name: String,
    /// The first token and the label that it has, prefix and all.
    first: usize,
    label: String,
    last: usize,
    /// The least probability of its tokens.
    prob: f64,
}

/// The part of a label before which the BIO and BILOU schemes put a letter, and whether one begins here. A label without
/// a letter goes on, as in transformers' `TokenClassificationPipeline.get_tag`.
fn entity(label: &str) -> (&str, bool) {
    match label.split_once('-') {
        Some(("B" | "S" | "U", name)) => (name, true),
        Some(("I" | "E" | "L", name)) => (name, false),
        _ => (label, false),
    }
}

/// Groups tokens as transformers' pipeline does with `aggregation_strategy="simple"`, but for the later pieces of a word,
/// which never begin an entity of their own.
fn entities(document: &Explanation) -> Vec<Entity> {
    let mut all: Vec<Entity> = Vec::new();
    let mut word = None;
    for (at, (token, found)) in document.input.tokens.iter().zip(&document.output.labels).enumerate() {
        if token.special || found.label == "O" {
            word = token.word;
            continue;
        }
        let (name, begins) = entity(&found.label);
        let begins = begins && (token.word.is_none() || token.word != word);
        word = token.word;
        match all.last_mut().filter(|last| !begins && last.last + 1 == at && last.name == name) {
            Some(last) => {
                last.last = at;
                last.prob = last.prob.min(found.prob);
            }
            None => {
                let (name, label) = (name.to_owned(), found.label.clone());
                all.push(Entity { name, first: at, label, last: at, prob: found.prob });
            }
        }
    }
    all
}

fn labelled(document: &Explanation) -> Answer {
    let (tokens, labels) = (&document.input.tokens, &document.output.labels);
    let entities = entities(document);
    let mut names: Vec<&str> = Vec::new();
    for entity in &entities {
        if !names.contains(&&*entity.name) {
            names.push(&entity.name);
        }
    }
    let mut end = 0;
    let mut parts = Vec::with_capacity(tokens.len());
    for (at, token) in tokens.iter().enumerate().filter(|(_, token)| !token.special) {
        let gap = document.input.text.get(end..token.start).unwrap_or_default();
        end = token.end.max(end);
        let (space, text) = split(&token.text, false);
        let within = entities.iter().find(|entity| (entity.first..=entity.last).contains(&at));
        let found = labels.get(at);
        parts.push(Part {
            gap: format!("{gap}{space}"),
            text: text.to_owned(),
            aim: found.map(|found| TargetSpec::Label { name: Some(found.label.clone()), position: Some(at) }),
            at: Some(at),
            hue: within.and_then(|entity| names.iter().position(|name| *name == entity.name)),
            label: within.filter(|entity| entity.last == at).map(|entity| entity.name.clone()),
            hover: found.map(|found| format!("{}, {}", found.label, percent(found.prob))).unwrap_or_default(),
            marked: false,
            special: token.special,
        });
    }
    let bars = entities
        .iter()
        .map(|entity| Bar {
            id: None,
            label: format!("{} · {}", covered(&document.input.text, tokens, entity.first, entity.last), entity.name),
            share: entity.prob,
            figure: percent(entity.prob),
            prob: entity.prob,
            logit: f64::NAN,
            aim: TargetSpec::Label { name: Some(entity.label.clone()), position: Some(entity.first) },
        })
        .collect();
    let caption = if entities.is_empty() { say("answer.labels.none") } else { say("answer.labels.found") };
    let mut lists = vec![List { name: "spans", caption: caption.to_owned(), bars, rest: None }];
    if let Some(position) = document.target.position {
        let aim = |name: &str| TargetSpec::Label { name: Some(name.to_owned()), position: Some(position) };
        let top = &document.output.top;
        let bars: Vec<Bar> = top.iter().map(|label| bar(label, label.text.clone(), aim(&label.text))).collect();
        let name = tokens.get(position).map(|token| visible(&token.text)).unwrap_or_default();
        let caption = fill("answer.labels.caption", &[&name]);
        lists.push(List { name: "candidates", caption, rest: Some(rest(&bars)), bars });
    }
    Answer { title: say("answer.labels.title"), said: None, caption: say("answer.labels.choose"), parts, lists }
}

/// An answer that was found in a passage.
fn found(document: &Explanation) -> Answer {
    let (input, output) = (&document.input, &document.output);
    let place = |first: usize, last: usize| Some((input.tokens.get(first)?.start, input.tokens.get(last)?.end));
    let mut parts = Vec::new();
    if let Some((from, to)) = document.target.position.zip(document.target.end).and_then(|(a, b)| place(a, b))
        && let (Some(before), Some(text), Some(after)) =
            (input.text.get(..from), input.text.get(from..to), input.text.get(to..))
    {
        parts.push(Part { text: before.to_owned(), ..Part::default() });
        parts.push(Part { text: text.to_owned(), marked: true, ..Part::default() });
        parts.push(Part { text: after.to_owned(), ..Part::default() });
    }
    let bars = output
        .spans
        .iter()
        .map(|span| Bar {
            id: None,
            label: span.text.clone(),
            share: span.prob.clamp(0.0, 1.0),
            figure: percent(span.prob),
            prob: span.prob,
            logit: span.logit,
            aim: TargetSpec::Span(Some((span.start, span.end))),
        })
        .collect();
    let caption = say("answer.span.caption").to_owned();
    Answer {
        title: say("answer.span.title"),
        said: output.text.clone(),
        caption: "",
        parts,
        lists: vec![List { name: "candidates", caption, bars, rest: None }],
    }
}

/// The words that were written.
fn written(document: &Explanation) -> Vec<Part> {
    let tokens = document.output.tokens.iter().enumerate();
    tokens
        .map(|(step, token)| {
            let (space, text) = split(&token.text, token.special);
            Part {
                gap: if step == 0 { String::new() } else { space.to_owned() },
                text: text.to_owned(),
                aim: Some(TargetSpec::Output { token: None, step: Some(step) }),
                at: Some(step),
                hover: format!("{}, {}", visible(&token.text), percent(token.prob)),
                special: token.special,
                ..Part::default()
            }
        })
        .collect()
}

/// The text with the explained word in the place of its mask, and the other masks to be chosen.
fn filled(document: &Explanation) -> Vec<Part> {
    let input = &document.input;
    let text = input.prompt.as_deref().unwrap_or(&input.text);
    let position = document.target.position;
    let mask = position.and_then(|position| input.tokens.get(position)).map(|token| token.id);
    let mut parts = Vec::new();
    let mut end = 0;
    for (at, token) in input.tokens.iter().enumerate().filter(|(_, token)| Some(token.id) == mask) {
        let gap = text.get(end..token.start).unwrap_or_default().to_owned();
        end = token.end.max(end);
        let is_target = position == Some(at);
        parts.push(Part {
            gap,
            text: if is_target { document.target.text.trim().to_owned() } else { token.text.clone() },
            aim: (!is_target).then_some(TargetSpec::Mask { token: None, position: Some(at) }),
            at: Some(at),
            marked: is_target,
            ..Part::default()
        });
    }
    parts.push(Part { text: text.get(end..).unwrap_or_default().to_owned(), ..Part::default() });
    parts
}

fn covered(text: &str, tokens: &[InputToken], first: usize, last: usize) -> String {
    let range = || Some(tokens.get(first)?.start..tokens.get(last)?.end);
    let piece = range().and_then(|range| text.get(range)).unwrap_or_default();
    piece.trim().to_owned()
}

/// The sentence that says what is explained, around the piece that it is about: `("The logit of ", "Paris", " as …")`.
#[must_use]
pub fn sentence(document: &Explanation) -> (String, String, String) {
    let target = &document.target;
    let read = match target.read {
        headlight_document::Read::Logit => say("answer.read.logit"),
        headlight_document::Read::LogProb => say("answer.read.log_prob"),
        headlight_document::Read::Prob => say("answer.read.prob"),
    };
    let piece = |at: Option<usize>| {
        let token = at.and_then(|at| document.input.tokens.get(at));
        token.map(|token| visible(&token.text)).unwrap_or_default()
    };
    let is_label = matches!(target.kind, TargetKind::Class | TargetKind::TokenLabel);
    let named = |text: &str| if is_label { text.to_owned() } else { visible(text) };
    let what = match target.kind {
        TargetKind::Similarity => String::new(),
        TargetKind::AnswerSpan => target.text.clone(),
        _ => named(&target.text),
    };
    let place = (target.position.unwrap_or_default() + 1).to_string();
    // What stands before the piece, and what after it.
    let (before, after, value) = match target.kind {
        TargetKind::NextToken if document.input.task == Task::Answer => {
            ("answer.says.first", "answer.says.first.then", String::new())
        }
        TargetKind::NextToken => ("answer.says.next", "answer.says.next.then", String::new()),
        TargetKind::Class if is_regression(document) => {
            ("answer.says.number", "answer.says.number.then", String::new())
        }
        TargetKind::Class => ("answer.says.class", "answer.says.class.then", String::new()),
        TargetKind::TokenLabel => ("answer.says.label", "answer.says.label.then", piece(target.position)),
        TargetKind::MaskedWord => ("answer.says.mask", "answer.says.mask.then", String::new()),
        TargetKind::AnswerSpan if target.read == headlight_document::Read::Logit => {
            ("answer.says.span.both", "answer.says.span.both.then", String::new())
        }
        TargetKind::AnswerSpan => ("answer.says.span", "answer.says.span.then", String::new()),
        TargetKind::OutputToken => ("answer.says.output", "answer.says.output.then", place),
        TargetKind::Similarity => ("answer.says.cosine", "answer.says.cosine.then", String::new()),
    };
    let (before, after) = (fill(before, &[&read, &value]), fill(after, &[&read, &value]));
    let after = match &target.foil {
        Some(foil) => fill("answer.says.less", &[&after, &named(&foil.text)]),
        None => fill("answer.says.is", &[&after]),
    };
    (before, what, after)
}

#[cfg(test)]
#[path = "answer_tests.rs"]
mod tests;
