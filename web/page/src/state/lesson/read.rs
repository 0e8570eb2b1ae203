//! Reads a lesson's file. It is written by people and comes from anywhere: everything in it is bounded, nothing unknown is taken,
//! and what is wrong is said with its place.

use std::fmt;
use std::str::FromStr;

use headlight_document::link::HeadPicture;
use headlight_document::request::MAX_TEXT_BYTES;
use headlight_document::{TargetSpec, Token};
use serde_json::{Map, Value};

use super::rule::{Rule, Wanted};
use super::{Choice, Kind, Lesson, Listed, Question, Set, Step};
use crate::locale::{fill, say};

/// The largest file that is read, in bytes.
pub const MOST_BYTES: usize = 256 * 1024;

/// What a lesson's file says that it is.
const FORMAT: &str = "headlight/lesson@1";

/// The panels that a step may look at.
pub const PANELS: &[&str] = &["input", "tokens", "answer", "writing", "attention", "heads", "methods"];

/// As what a head may be drawn.
const PICTURES: &[&str] = &["map", "lines", "neurons"];

const MOST_STEPS: usize = 40;
const MOST_PARAGRAPHS: usize = 12;
const MOST_LETTERS: usize = 2000;

/// What is wrong with a file, and where.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Fault {
    /// The place; empty for the file as a whole.
    pub place: String,
    /// What is wrong there, as a sentence.
    pub what: String,
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.place.is_empty() { f.write_str(&self.what) } else { write!(f, "{}: {}", self.place, self.what) }
    }
}

/// Where one is in a file.
pub struct Place<'a> {
    above: Option<&'a Place<'a>>,
    name: Name,
}

enum Name {
    Field(&'static str),
    Number(usize),
}

impl Place<'_> {
    const TOP: Place<'static> = Place { above: None, name: Name::Field("") };

    /// The file as a whole.
    #[cfg(test)]
    pub fn whole() -> Place<'static> {
        Self::TOP
    }

    fn field(&self, name: &'static str) -> Place<'_> {
        Place { above: Some(self), name: Name::Field(name) }
    }

    /// A part of a list, counted as the caller counts.
    pub fn at(&self, number: usize) -> Place<'_> {
        Place { above: Some(self), name: Name::Number(number) }
    }

    /// What is wrong here.
    pub fn fault(&self, what: String) -> Fault {
        let mut parts = Vec::new();
        let mut here = Some(self);
        while let Some(place) = here {
            match place.name {
                Name::Field("") => {}
                Name::Field(name) => parts.push(name.to_owned()),
                Name::Number(number) => parts.push(number.to_string()),
            }
            here = place.above;
        }
        parts.reverse();
        Fault { place: parts.join(" › "), what }
    }

    /// A name of a list that the documents have.
    pub fn name<T: FromStr<Err = headlight_document::RequestError>>(&self, name: &str) -> Result<T, Fault> {
        name.parse().map_err(|error: headlight_document::RequestError| self.fault(error.to_string()))
    }
}

/// An object's fields; each is taken once, and none may be left.
struct Fields<'a> {
    map: &'a Map<String, Value>,
    place: &'a Place<'a>,
}

impl<'a> Fields<'a> {
    fn of(value: &'a Value, place: &'a Place<'a>, known: &[&str]) -> Result<Self, Fault> {
        let Value::Object(map) = value else { return Err(place.fault(say("lessons.no_object").to_owned())) };
        match map.keys().find(|key| !known.contains(&&***key)) {
            Some(key) => Err(place.fault(fill("lessons.unknown", &[&short(key), &known.join(", ")]))),
            None => Ok(Self { map, place }),
        }
    }

    fn get(&self, name: &'static str) -> Option<&'a Value> {
        self.map.get(name).filter(|value| !value.is_null())
    }

    fn need(&self, name: &'static str) -> Result<&'a Value, Fault> {
        self.get(name).ok_or_else(|| self.place.fault(fill("lessons.lacks", &[&name])))
    }

    fn read<T>(
        &self,
        name: &'static str,
        read: impl FnOnce(&'a Value, &Place<'_>) -> Result<T, Fault>,
    ) -> Result<Option<T>, Fault> {
        self.get(name).map(|value| read(value, &self.place.field(name))).transpose()
    }

    fn text(&self, name: &'static str) -> Result<String, Fault> {
        text(self.need(name)?, &self.place.field(name))
    }

    fn rule(&self, name: &'static str, wanted: Wanted) -> Result<Rule, Fault> {
        Rule::read(self.need(name)?, wanted, &self.place.field(name))
    }
}

fn short(text: &str) -> String {
    text.chars().take(60).collect()
}

/// A text that is not blank and not too long.
fn text(value: &Value, place: &Place<'_>) -> Result<String, Fault> {
    match value.as_str() {
        Some(text) if !text.trim().is_empty() && text.chars().count() <= MOST_LETTERS => Ok(text.to_owned()),
        _ => Err(place.fault(fill("lessons.no_text", &[&MOST_LETTERS]))),
    }
}

/// A text that the model is given.
fn input(value: &Value, place: &Place<'_>) -> Result<String, Fault> {
    match value.as_str() {
        Some(text) if !text.trim().is_empty() && text.len() <= MAX_TEXT_BYTES => Ok(text.to_owned()),
        _ => Err(place.fault(fill("lessons.no_text", &[&MAX_TEXT_BYTES]))),
    }
}

/// A short name: letters, digits and signs that no address or path gives a meaning to.
fn id(value: &Value, place: &Place<'_>) -> Result<String, Fault> {
    let is_name = |name: &&str| {
        (1..=60).contains(&name.len()) && name.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-_".contains(&byte))
    };
    value.as_str().filter(is_name).map(str::to_owned).ok_or_else(|| place.fault(say("lessons.no_id").to_owned()))
}

/// A list whose parts are read each by itself, counted from 1.
fn list<T>(
    value: &Value,
    place: &Place<'_>,
    most: usize,
    read: impl Fn(&Value, &Place<'_>) -> Result<T, Fault>,
) -> Result<Vec<T>, Fault> {
    match value.as_array() {
        Some(all) if (1..=most).contains(&all.len()) => {
            all.iter().enumerate().map(|(at, one)| read(one, &place.at(at + 1))).collect()
        }
        _ => Err(place.fault(fill("lessons.no_list", &[&most]))),
    }
}

/// One paragraph, or several.
fn paragraphs(value: &Value, place: &Place<'_>) -> Result<Vec<String>, Fault> {
    if value.is_string() { Ok(vec![text(value, place)?]) } else { list(value, place, MOST_PARAGRAPHS, text) }
}

fn number(value: &Value, place: &Place<'_>) -> Result<usize, Fault> {
    let number = value.as_u64().and_then(|number| usize::try_from(number).ok()).filter(|number| *number < 100_000);
    number.ok_or_else(|| place.fault(say("lessons.no_place").to_owned()))
}

fn named<T: FromStr<Err = headlight_document::RequestError>>(value: &Value, place: &Place<'_>) -> Result<T, Fault> {
    place.name(value.as_str().unwrap_or_default())
}

fn parse(file: &str) -> Result<Value, Fault> {
    let whole = Place::TOP;
    if file.len() > MOST_BYTES {
        return Err(whole.fault(fill("lessons.too_large", &[&(MOST_BYTES / 1024)])));
    }
    serde_json::from_str(file.trim_start_matches('\u{feff}')).map_err(|error| {
        // What the reader itself says is for programmers, and in one language.
        let why = say(if error.is_eof() { "lessons.ends_early" } else { "lessons.not_json" });
        whole.fault(fill("lessons.no_json", &[&error.line(), &error.column(), &why]))
    })
}

/// Reads a lesson.
///
/// # Errors
/// The first thing that is wrong, with its place.
pub fn lesson(file: &str) -> Result<Lesson, Fault> {
    let value = parse(file)?;
    let whole = Place::TOP;
    let fields = Fields::of(&value, &whole, &["format", "id", "title", "minutes", "about", "steps"])?;
    if fields.need("format")?.as_str() != Some(FORMAT) {
        return Err(whole.field("format").fault(fill("lessons.no_format", &[&FORMAT])));
    }
    Ok(Lesson {
        id: id(fields.need("id")?, &whole.field("id"))?,
        title: fields.text("title")?,
        minutes: fields.read("minutes", number)?.unwrap_or(10) as u32,
        about: paragraphs(fields.need("about")?, &whole.field("about"))?,
        steps: list(fields.need("steps")?, &whole.field("steps"), MOST_STEPS, step)?,
    })
}

/// Reads the list of lessons.
///
/// # Errors
/// The first thing that is wrong, with its place.
pub fn index(file: &str) -> Result<Vec<Listed>, Fault> {
    let listed = |value: &Value, place: &Place<'_>| {
        let fields = Fields::of(value, place, &["id", "title", "about", "steps"])?;
        Ok(Listed {
            id: id(fields.need("id")?, &place.field("id"))?,
            title: fields.text("title")?,
            about: fields.text("about")?,
            steps: number(fields.need("steps")?, &place.field("steps"))?,
        })
    };
    list(&parse(file)?, &Place::TOP, 100, listed)
}

fn step(value: &Value, place: &Place<'_>) -> Result<Step, Fault> {
    let fields = Fields::of(value, place, &["title", "text", "formula", "set", "look", "question"])?;
    let panel = |value: &Value, place: &Place<'_>| match value.as_str() {
        Some(panel) if PANELS.contains(&panel) => Ok(panel.to_owned()),
        other => Err(place.fault(fill("lessons.unknown", &[&short(other.unwrap_or("?")), &PANELS.join(", ")]))),
    };
    Ok(Step {
        title: fields.text("title")?,
        text: paragraphs(fields.need("text")?, &place.field("text"))?,
        formula: fields.read("formula", id)?,
        set: fields.read("set", set)?,
        look: fields.read("look", panel)?,
        question: fields.read("question", question)?,
    })
}

fn set(value: &Value, place: &Place<'_>) -> Result<Set, Fault> {
    let known = [
        "model",
        "task",
        "text",
        "second_text",
        "target",
        "foil",
        "read",
        "method",
        "head",
        "picture",
        "token",
        "methods",
        "measures",
        "figures",
    ];
    let fields = Fields::of(value, place, &known)?;
    let token = |value: &Value, place: &Place<'_>| Ok(Token::from(&*text(value, place)?));
    let head = |value: &Value, place: &Place<'_>| match &*list(value, place, 2, number)? {
        [layer, head] => Ok((*layer, *head)),
        _ => Err(place.fault(say("lessons.no_head").to_owned())),
    };
    let picture = |value: &Value, place: &Place<'_>| match value.as_str() {
        Some("map") => Ok(HeadPicture::Map),
        Some("lines") => Ok(HeadPicture::Lines),
        Some("neurons") => Ok(HeadPicture::Neurons),
        other => Err(place.fault(fill("lessons.unknown", &[&short(other.unwrap_or("?")), &PICTURES.join(", ")]))),
    };
    Ok(Set {
        model: fields.read("model", id)?,
        task: fields.read("task", named)?,
        text: fields.read("text", input)?,
        second_text: fields.read("second_text", input)?,
        target: fields.read("target", named::<TargetSpec>)?,
        foil: fields.read("foil", token)?,
        read: fields.read("read", named)?,
        method: fields.read("method", named)?,
        head: fields.read("head", head)?,
        picture: fields.read("picture", picture)?,
        token: fields.read("token", number)?,
        methods: fields.read("methods", |value, place| list(value, place, 13, named))?,
        measures: fields.read("measures", |value, place| list(value, place, 5, named))?,
        figures: fields.read("figures", |value, place| list(value, place, 5, named))?,
    })
}

fn question(value: &Value, place: &Place<'_>) -> Result<Question, Fault> {
    let kinds = ["choose", "number", "token", "head", "do"];
    let kind = value.get("kind").and_then(Value::as_str).unwrap_or_default();
    let (own, kinds_own): (&[&str], _) = match kind {
        "choose" => (&["options"], true),
        "number" => (&["answer", "tolerance"], true),
        _ => (&["when"], kinds.contains(&kind)),
    };
    let known = [&["kind", "ask", "hint", "right", "wrong", "values"], own].concat();
    let fields = Fields::of(value, place, &known)?;
    if !kinds_own {
        return Err(place.field("kind").fault(fill("lessons.unknown", &[&short(kind), &kinds.join(", ")])));
    }
    let tolerance = |value: &Value, place: &Place<'_>| {
        let number = value.as_f64().filter(|number| number.is_finite() && *number > 0.0);
        number.ok_or_else(|| place.fault(say("lessons.no_tolerance").to_owned()))
    };
    let kind = match kind {
        "choose" => {
            let options = list(fields.need("options")?, &place.field("options"), 8, choice)?;
            let open = options.iter().filter(|option| option.when.is_none()).count();
            if options.len() < 2 || open > 1 {
                return Err(place.field("options").fault(say("lessons.no_options").to_owned()));
            }
            Kind::Choose(options)
        }
        "number" => Kind::Number {
            answer: fields.rule("answer", Wanted::Number)?,
            tolerance: tolerance(fields.need("tolerance")?, &place.field("tolerance"))?,
        },
        "token" => Kind::Token(fields.rule("when", Wanted::Truth)?),
        "head" => Kind::Head(fields.rule("when", Wanted::Truth)?),
        _ => Kind::Do(fields.rule("when", Wanted::Truth)?),
    };
    // A list that is neither a number nor a token is told what numbers there are.
    let shown = |value: &Value, place: &Place<'_>| {
        Rule::read(value, Wanted::Token, place).or_else(|_| Rule::read(value, Wanted::Number, place))
    };
    let values = fields.read("values", |value, place| list(value, place, 9, shown))?.unwrap_or_default();
    let question = Question {
        ask: fields.text("ask")?,
        kind,
        hint: fields.read("hint", text)?,
        right: fields.read("right", text)?,
        wrong: fields.read("wrong", text)?,
        values,
    };
    for (name, said) in [("hint", &question.hint), ("right", &question.right), ("wrong", &question.wrong)] {
        let count = question.values.len();
        if (count..10).any(|at| said.as_ref().is_some_and(|said| said.contains(&format!("{{{at}}}")))) {
            return Err(place.field(name).fault(fill("lessons.no_value", &[&count])));
        }
    }
    Ok(question)
}

fn choice(value: &Value, place: &Place<'_>) -> Result<Choice, Fault> {
    let fields = Fields::of(value, place, &["text", "when"])?;
    Ok(Choice {
        text: fields.text("text")?,
        when: fields.read("when", |value, place| Rule::read(value, Wanted::Truth, place))?,
    })
}
