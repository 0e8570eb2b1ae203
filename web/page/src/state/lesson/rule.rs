//! What a lesson's file says of a run: `["above", ["probability", " Paris"], 0.5]`. A list begins with what it is called and
//! goes on with what it takes; this file has all there are, and what each takes.

use serde_json::Value;

use super::read::{Fault, Place};
use crate::locale::fill;

/// A rule as it was read: every part of it is of the kind that is wanted in its place.
#[derive(Clone, Debug, PartialEq)]
pub enum Rule {
    /// A number, which may be the place of a token.
    Number(f64),
    /// A text, which may be the token that it is the piece of.
    Text(String),
    /// What a list is called, and what it takes.
    Call(&'static str, Vec<Rule>),
}

/// What stands in a place of a rule.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Wanted {
    /// Something that holds or does not.
    Truth,
    /// A number.
    Number,
    /// A token of the text: its place counted from 0, its piece, or a rule that finds it.
    Token,
    /// A text.
    Text,
    /// The name of a method.
    Method,
    /// The name of a method, or `random`.
    Ranking,
    /// A share of a head's attention.
    Share,
    /// As many truths as there are.
    Truths,
}

use Wanted::{Method, Number, Ranking, Share, Text, Token, Truth, Truths};

/// Every rule: what it is, how it is called, what it takes.
pub const ALL: &[(Wanted, &str, &[Wanted])] = &[
    (Truth, "ran", &[]),
    (Truth, "top", &[Text]),
    (Truth, "top_written", &[]),
    (Truth, "above", &[Number, Number]),
    (Truth, "below", &[Number, Number]),
    (Truth, "near", &[Number, Number, Number]),
    (Truth, "same", &[Token, Token]),
    (Truth, "all", &[Truths]),
    (Truth, "any", &[Truths]),
    (Truth, "not", &[Truth]),
    (Truth, "head", &[Number, Number]),
    (Truth, "written", &[Text]),
    (Truth, "foil", &[Text]),
    (Number, "probability", &[Text]),
    (Number, "logit", &[Text]),
    (Number, "target", &[]),
    (Number, "changed", &[]),
    (Number, "tokens", &[]),
    (Number, "attention", &[Token, Token]),
    (Number, "row", &[Token]),
    (Number, "product", &[Token, Token]),
    (Number, "score", &[Token, Token]),
    (Number, "width", &[]),
    (Number, "attribution", &[Method, Token]),
    (Number, "total", &[Method]),
    (Number, "spearman", &[Method, Method]),
    (Number, "comprehensiveness", &[Ranking]),
    (Number, "sufficiency", &[Ranking]),
    (Number, "deletion", &[Ranking]),
    (Number, "better", &[Method]),
    (Number, "share", &[Share]),
    (Number, "heads_above", &[Share, Number]),
    (Number, "repeated", &[]),
    (Number, "ablation", &[]),
    (Number, "plus", &[Number, Number]),
    (Number, "minus", &[Number, Number]),
    (Number, "times", &[Number, Number]),
    (Number, "over", &[Number, Number]),
    (Number, "root", &[Number]),
    (Number, "exp", &[Number]),
    (Token, "picked", &[]),
    (Token, "last", &[]),
    (Token, "token", &[Text, Number]),
    (Token, "before", &[Token]),
    (Token, "strongest", &[Method]),
    (Token, "greatest", &[Method]),
    (Token, "least", &[Method]),
    (Token, "looked_at", &[Token]),
];

/// The shares of attention that a head's profile has.
pub const SHARES: &[&str] = &["previous", "next", "same", "first", "special", "duplicate", "induction"];

/// How deep rules may lie in each other.
const DEEPEST: usize = 8;

impl Rule {
    /// Reads a rule that is `wanted`.
    ///
    /// # Errors
    /// Where it is none, says where and why.
    pub fn read(value: &Value, wanted: Wanted, place: &Place<'_>) -> Result<Self, Fault> {
        Self::read_at(value, wanted, place, 0)
    }

    fn read_at(value: &Value, wanted: Wanted, place: &Place<'_>, depth: usize) -> Result<Self, Fault> {
        if depth > DEEPEST {
            return Err(place.fault(fill("lessons.too_deep", &[&DEEPEST])));
        }
        match (value, wanted) {
            (Value::Number(number), Number) => {
                number.as_f64().map(Self::Number).ok_or_else(|| place.fault(fill("lessons.no_number", &[])))
            }
            (Value::Number(number), Token) => match number.as_u64() {
                Some(at) => Ok(Self::Number(at as f64)),
                None => Err(place.fault(fill("lessons.no_place", &[]))),
            },
            (Value::String(text), Text | Token) => Ok(Self::Text(text.clone())),
            (Value::String(name), Method) => {
                place.name::<headlight_document::Method>(name)?;
                Ok(Self::Text(name.clone()))
            }
            (Value::String(name), Ranking) => {
                if name != "random" {
                    place.name::<headlight_document::Method>(name)?;
                }
                Ok(Self::Text(name.clone()))
            }
            (Value::String(name), Share) => match SHARES.contains(&&**name) {
                true => Ok(Self::Text(name.clone())),
                false => Err(place.fault(fill("lessons.unknown", &[name, &SHARES.join(", ")]))),
            },
            (Value::Array(parts), Truth | Number | Token) => Self::call(parts, wanted, place, depth),
            _ => Err(place.fault(fill("lessons.no_rule", &[&names(wanted)]))),
        }
    }

    fn call(parts: &[Value], wanted: Wanted, place: &Place<'_>, depth: usize) -> Result<Self, Fault> {
        let (Some(name), takes) = (parts.first().and_then(Value::as_str), parts.get(1..).unwrap_or_default()) else {
            return Err(place.fault(fill("lessons.no_rule", &[&names(wanted)])));
        };
        let Some((_, name, wants)) = ALL.iter().find(|(kind, known, _)| *kind == wanted && *known == name) else {
            return Err(place.fault(fill("lessons.unknown", &[&name, &names(wanted)])));
        };
        let is_many = wants.first() == Some(&Truths);
        if if is_many { takes.is_empty() || takes.len() > 12 } else { takes.len() != wants.len() } {
            let count = if is_many { "1…12".to_owned() } else { wants.len().to_string() };
            return Err(place.fault(fill("lessons.takes", &[name, &count, &takes.len()])));
        }
        let each = takes.iter().enumerate().map(|(at, value)| {
            let wanted = if is_many { Truth } else { wants.get(at).copied().unwrap_or(Text) };
            Self::read_at(value, wanted, &place.at(at + 1), depth + 1)
        });
        Ok(Self::Call(name, each.collect::<Result<_, _>>()?))
    }
}

/// All rules of a kind.
fn names(wanted: Wanted) -> String {
    let names = ALL.iter().filter(|(kind, ..)| *kind == wanted).map(|(_, name, _)| *name);
    names.collect::<Vec<_>>().join(", ")
}
