//! Tokens before and behind each text.

use serde_json::{Map, Value, json};
use tokenizers::processors::template::TemplateProcessing;

use crate::TextError;
use crate::gguf::invalid;

/// A token's id and name.
pub(crate) type Named = (u32, String);

/// Puts `first` before and `last` behind each text. The second of a pair has type 1.
pub(crate) fn template(first: Option<Named>, last: Option<Named>) -> Result<TemplateProcessing, TextError> {
    let around = |end: &Option<Named>, kind: u32| end.as_ref().map(|token| special(token, kind));
    let part = |id: &str, kind: u32| [around(&first, kind), Some(sequence(id, kind)), around(&last, kind)];
    let single: Vec<Value> = part("A", 0).into_iter().flatten().collect();
    let pair: Vec<Value> = part("A", 0).into_iter().chain(part("B", 1)).flatten().collect();
    build(&single, &pair, first.iter().chain(&last))
}

/// BERT's `[CLS] A [SEP] B [SEP]`.
pub(crate) fn bert(cls: Named, sep: Named) -> Result<TemplateProcessing, TextError> {
    let single = [special(&cls, 0), sequence("A", 0), special(&sep, 0)];
    let pair = [special(&cls, 0), sequence("A", 0), special(&sep, 0), sequence("B", 1), special(&sep, 1)];
    build(&single, &pair, [&cls, &sep])
}

fn special((_, name): &Named, kind: u32) -> Value {
    json!({"SpecialToken": {"id": name, "type_id": kind}})
}

fn sequence(id: &str, kind: u32) -> Value {
    json!({"Sequence": {"id": id, "type_id": kind}})
}

/// As JSON: the crate's builder takes strings, in which a token whose name has a colon, a space or a dollar sign means
/// something else.
fn build<'a>(
    single: &[Value],
    pair: &[Value],
    tokens: impl IntoIterator<Item = &'a Named>,
) -> Result<TemplateProcessing, TextError> {
    let listed: Map<String, Value> = tokens
        .into_iter()
        .map(|(id, name)| (name.clone(), json!({"id": name, "ids": [id], "tokens": [name]})))
        .collect();
    let value = json!({"type": "TemplateProcessing", "single": single, "pair": pair, "special_tokens": listed});
    serde_json::from_value(value).map_err(invalid)
}
