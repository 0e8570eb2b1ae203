//! What a `tokenizer.json` must promise before the `tokenizers` crate gets it.
//!
//! That crate trusts its files: it stops the program where a merge makes a token that is not there, where a template
//! names one, or where a table of characters points outside itself. So these are looked at first. The file is read once,
//! here, so that what was looked at is what is used.

use serde_json::{Map, Value};

use crate::TextError;
use crate::gguf::invalid;

/// The largest id that a vocabulary may give: far more than any has, and few enough to count on from.
pub(crate) const MAX_ID: u32 = 1 << 24;

/// The tokenizer of a `tokenizer.json`.
pub(crate) fn read(json: &[u8]) -> Result<tokenizers::Tokenizer, TextError> {
    let value: Value = serde_json::from_slice(json).map_err(invalid)?;
    let part = |name: &str| value.get(name).unwrap_or(&Value::Null);
    model(part("model"))?;
    each(part("normalizer"), &|object| {
        let map = object.get("precompiled_charsmap");
        if map.is_some() || object.get("type").is_some_and(|kind| kind == "Precompiled") {
            charsmap(map.and_then(Value::as_str).unwrap_or_default())?;
        }
        object.get("pattern").map_or(Ok(()), replaced)
    })?;
    each(part("pre_tokenizer"), &|object| match object.get("length").and_then(Value::as_u64) {
        Some(0) => Err(invalid("it splits a text into pieces of no length")),
        _ => Ok(()),
    })?;
    each(part("post_processor"), &template)?;
    each(part("decoder"), &|object| match object.get("stop").and_then(Value::as_u64) {
        Some(1..) => Err(invalid("its decoder cuts the ends of tokens")),
        _ => Ok(()),
    })?;
    serde_json::from_value(value).map_err(invalid)
}

/// Looks at an object and at all that are in it. How deep they lie is bounded by the JSON reader.
fn each(value: &Value, look: &impl Fn(&Map<String, Value>) -> Result<(), TextError>) -> Result<(), TextError> {
    match value {
        Value::Object(object) => {
            look(object)?;
            object.values().try_for_each(|inner| each(inner, look))
        }
        Value::Array(values) => values.iter().try_for_each(|inner| each(inner, look)),
        _ => Ok(()),
    }
}

/// What a normalizer replaces must be something: a pattern that matches nothing at all confuses the counting of what
/// each character came from.
fn replaced(pattern: &Value) -> Result<(), TextError> {
    let matches_nothing = match (pattern.get("String"), pattern.get("Regex")) {
        (Some(Value::String(text)), _) => text.is_empty(),
        (_, Some(Value::String(regex))) => {
            let parsed = regex_syntax::parse(regex).map_err(|error| {
                // Its own message has several lines, which point at the place.
                let reason = error.to_string();
                invalid(format!(
                    "it replaces a pattern that is not read here: {}",
                    reason.lines().last().unwrap_or_default()
                ))
            })?;
            parsed.properties().minimum_len().is_none_or(|length| length == 0)
        }
        _ => false,
    };
    if matches_nothing { Err(invalid("it replaces a pattern that matches nothing")) } else { Ok(()) }
}

/// A vocabulary's ids, and that each merge makes a token of two.
fn model(model: &Value) -> Result<(), TextError> {
    let Some(vocab) = model.get("vocab").and_then(Value::as_object) else { return Ok(()) };
    if vocab.values().any(|id| id.as_u64().is_none_or(|id| id > u64::from(MAX_ID))) {
        return Err(invalid("its vocabulary has an id that is none"));
    }
    let prefix = model.get("continuing_subword_prefix").and_then(Value::as_str).unwrap_or_default();
    for merge in model.get("merges").and_then(Value::as_array).into_iter().flatten() {
        let (left, right) = match merge {
            Value::String(text) => text.split_once(' '),
            Value::Array(pair) => match pair.as_slice() {
                [Value::String(left), Value::String(right)] => Some((left.as_str(), right.as_str())),
                _ => None,
            },
            _ => None,
        }
        .ok_or_else(|| TextError::InvalidMerge { merge: merge.to_string() })?;
        merges(left, right, prefix, |token| vocab.contains_key(token))?;
    }
    Ok(())
}

/// Refuses a merge of tokens that are not there, or that makes one that is not.
pub(crate) fn merges(left: &str, right: &str, prefix: &str, is_there: impl Fn(&str) -> bool) -> Result<(), TextError> {
    let made = right.strip_prefix(prefix).map(|rest| format!("{left}{rest}"));
    match made {
        Some(made) if [left, right, &made].into_iter().all(is_there) => Ok(()),
        _ => Err(invalid(format!("a merge of {left:?} and {right:?} is not of its vocabulary"))),
    }
}

/// A template's special tokens must be among those that it lists, and a text alone has no second.
fn template(object: &Map<String, Value>) -> Result<(), TextError> {
    let (Some(single), Some(pair)) = (object.get("single"), object.get("pair")) else { return Ok(()) };
    let listed = object.get("special_tokens");
    let token = |piece: &Value| -> Result<(), TextError> {
        let Some(name) = piece.pointer("/SpecialToken/id").and_then(Value::as_str) else { return Ok(()) };
        let entry = listed.and_then(|listed| listed.get(name));
        let count = |key: &str| entry.and_then(|entry| entry.get(key)).and_then(Value::as_array).map(Vec::len);
        match (count("ids"), count("tokens")) {
            (Some(ids), Some(tokens)) if ids == tokens => Ok(()),
            _ => Err(invalid(format!("its template's token {name:?} is not listed"))),
        }
    };
    let alone = single.as_array().into_iter().flatten();
    for piece in alone.clone().chain(pair.as_array().into_iter().flatten()) {
        token(piece)?;
    }
    if alone.filter_map(|piece| piece.pointer("/Sequence/id")).any(|id| id != "A") {
        return Err(invalid("its template asks for a second text where there is one"));
    }
    Ok(())
}

/// SentencePiece's table of characters: the size of a double array, the array, and what it points to, in base64.
///
/// Every step that the array can send a search on must stay inside it, and every value must be the start of a character
/// of the text behind it (`spm_precompiled`'s `common_prefix_search` and `transform`).
fn charsmap(text: &str) -> Result<(), TextError> {
    let wrong = || invalid("its table of characters is damaged");
    let bytes = base64(text).ok_or_else(wrong)?;
    let (size, rest) = bytes.split_first_chunk::<4>().ok_or_else(wrong)?;
    let size = u32::from_le_bytes(*size) as usize / 4 * 4;
    let (array, targets) = rest.split_at_checked(size).ok_or_else(wrong)?;
    let targets = std::str::from_utf8(targets).map_err(|_| wrong())?;
    let units: Vec<usize> = array.as_chunks().0.iter().map(|unit| u32::from_le_bytes(*unit) as usize).collect();
    if units.is_empty() {
        return Err(wrong());
    }
    // Where the highest bit is set, a unit is a value, at which a search ends.
    for (at, unit) in units.iter().enumerate().filter(|(_, unit)| **unit >> 31 == 0) {
        let next = at ^ ((unit >> 10) << ((unit & 0x200) >> 6));
        let value = units.get(next).map(|value| value & 0x7FFF_FFFF);
        let inside = next | 0xFF < units.len();
        let leads = unit >> 8 & 1 == 0 || value.is_some_and(|value| targets.is_char_boundary(value));
        if !inside || !leads {
            return Err(wrong());
        }
    }
    Ok(())
}

/// Base64 with its padding.
fn base64(text: &str) -> Option<Vec<u8>> {
    let digit = |byte: u8| -> Option<u32> {
        let value = match byte {
            b'A'..=b'Z' => byte - b'A',
            b'a'..=b'z' => byte - b'a' + 26,
            b'0'..=b'9' => byte - b'0' + 52,
            b'+' => 62,
            b'/' => 63,
            _ => return None,
        };
        Some(u32::from(value))
    };
    let (groups, []) = text.as_bytes().as_chunks::<4>() else { return None };
    let mut bytes = Vec::with_capacity(groups.len() * 3);
    for (index, group) in groups.iter().enumerate() {
        let padding = group.iter().rev().take_while(|byte| **byte == b'=').count();
        if padding > 2 || (padding > 0 && index + 1 < groups.len()) {
            return None;
        }
        let mut bits = 0;
        for byte in &group[..4 - padding] {
            bits = bits << 6 | digit(*byte)?;
        }
        let [_, first, second, third] = (bits << (6 * padding)).to_be_bytes();
        bytes.extend([first, second, third].into_iter().take(3 - padding));
    }
    Some(bytes)
}

#[cfg(test)]
mod tests {
    use super::{base64, charsmap};

    #[test]
    fn base64_is_read() {
        assert_eq!(base64("aGVsbG8="), Some(b"hello".to_vec()));
        assert_eq!(base64("aGVsbG8h"), Some(b"hello!".to_vec()));
        assert_eq!(base64("aA=="), Some(b"h".to_vec()));
        assert_eq!(base64(""), Some(Vec::new()));
        for wrong in ["a", "aGVsbG8", "aA==aA==", "a===", "aGVs bG8", "=AAA"] {
            assert_eq!(base64(wrong), None, "{wrong}");
        }
    }

    /// A table whose double array has one block, written as it is stored.
    fn table(change: impl FnOnce(&mut [u32], &mut Vec<u8>)) -> String {
        const DIGITS: &[u8] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
        let (mut units, mut targets) = (vec![0_u32; 256], "é\0".as_bytes().to_vec());
        change(&mut units, &mut targets);
        let mut bytes = (units.len() as u32 * 4).to_le_bytes().to_vec();
        bytes.extend(units.iter().flat_map(|unit| unit.to_le_bytes()));
        bytes.extend(targets);
        while !bytes.len().is_multiple_of(3) {
            bytes.push(0);
        }
        let groups = bytes.as_chunks::<3>().0.iter().map(|[a, b, c]| u32::from_be_bytes([0, *a, *b, *c]));
        groups.flat_map(|bits| [18, 12, 6, 0].map(|shift| char::from(DIGITS[(bits >> shift & 63) as usize]))).collect()
    }

    #[test]
    fn a_table_may_not_point_outside_itself() {
        assert_eq!(charsmap(&table(|_, _| {})), Ok(()));
        assert!(charsmap("").is_err() && charsmap("AAAA").is_err() && charsmap("AAAAAA==").is_err());
        // Offsets that lead out of the block, near and far.
        assert!(charsmap(&table(|units, _| units[7] = 256 << 10)).is_err());
        assert!(charsmap(&table(|units, _| units[7] = 1 << 9 | 1 << 30)).is_err());
        // A value inside a character, or behind the text.
        let leaf = |value: u32| table(move |units, _| (units[7], units[6]) = (1 << 8 | 1 << 10, 1 << 31 | value));
        assert_eq!((charsmap(&leaf(0)), charsmap(&leaf(2))), (Ok(()), Ok(())));
        assert!(charsmap(&leaf(1)).is_err() && charsmap(&leaf(5_000)).is_err());
        assert!(charsmap(&table(|_, targets| targets.push(0xFF))).is_err());
    }
}
