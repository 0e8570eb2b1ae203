//! Tokens before and behind each text.

use tokenizers::processors::template::TemplateProcessing;

use crate::TextError;
use crate::gguf::invalid;

/// A token's id and name.
pub(crate) type Named = (u32, String);

/// Puts `first` before and `last` behind each text. The second of a pair has type 1.
pub(crate) fn template(first: Option<Named>, last: Option<Named>) -> Result<TemplateProcessing, TextError> {
    // Pieces one by one and not in one string, since a name could hold a space.
    let single = |sequence: &str, kind: u32| -> Vec<String> {
        let around = |end: &Option<Named>| end.as_ref().map(|(_, name)| format!("{name}:{kind}"));
        [around(&first), Some(format!("{sequence}:{kind}")), around(&last)].into_iter().flatten().collect()
    };
    let pair = [single("$A", 0), single("$B", 1)].concat();
    build(single("$A", 0), pair, [&first, &last])
}

/// BERT's `[CLS] A [SEP] B [SEP]`.
pub(crate) fn bert(cls: Named, sep: Named) -> Result<TemplateProcessing, TextError> {
    let of = |(_, name): &Named, kind: u32| format!("{name}:{kind}");
    let single = vec![of(&cls, 0), "$A:0".to_owned(), of(&sep, 0)];
    let pair = [single.clone(), vec!["$B:1".to_owned(), of(&sep, 1)]].concat();
    build(single, pair, [&Some(cls), &Some(sep)])
}

fn build(single: Vec<String>, pair: Vec<String>, tokens: [&Option<Named>; 2]) -> Result<TemplateProcessing, TextError> {
    let tokens: Vec<(String, u32)> =
        tokens.iter().filter_map(|token| token.as_ref()).map(|(id, name)| (name.clone(), *id)).collect();
    TemplateProcessing::builder()
        .try_single(single)
        .and_then(|builder| builder.try_pair(pair))
        .map_err(invalid)?
        .special_tokens(tokens)
        .build()
        .map_err(invalid)
}
