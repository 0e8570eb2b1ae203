//! Special and added tokens, as `tokenizer_config.json`, `special_tokens_map.json` and `added_tokens.json` spell them.

use std::collections::BTreeMap;

use serde_json::{Map, Value};
use tokenizers::AddedToken;

use crate::TextError;
use crate::gguf::invalid;
use crate::json::MAX_ID;
use crate::roles::Roles;

/// What special tokens are for. Both files have keys of these with `_token` behind them.
const ROLES: [&str; 7] = ["bos", "eos", "unk", "sep", "pad", "cls", "mask"];

/// Special tokens by what they are for, and those that are for something else.
#[derive(Clone, Debug, Default)]
pub(super) struct Specials {
    by_role: Vec<(&'static str, AddedToken)>,
    more: Vec<AddedToken>,
}

impl Specials {
    /// Of both files, the settings come first.
    pub(super) fn read(config: &Map<String, Value>, map: &Map<String, Value>) -> Result<Self, TextError> {
        let mut specials = Self::default();
        for role in ROLES {
            let key = format!("{role}_token");
            let value = [config, map].into_iter().find_map(|file| file.get(&key).filter(|value| !value.is_null()));
            if let Some(value) = value {
                specials.by_role.push((role, token(value, true)?));
            }
        }
        let more = [config, map].into_iter().find_map(|file| file.get("additional_special_tokens"));
        for value in more.and_then(Value::as_array).into_iter().flatten() {
            specials.more.push(token(value, true)?);
        }
        Ok(specials)
    }

    /// Names roles that no file names.
    pub(super) fn fill(&mut self, defaults: &[(&'static str, &'static str)]) {
        for (role, name) in defaults {
            if self.name(role).is_none() {
                self.by_role.push((role, AddedToken::from(*name, true).normalized(false)));
            }
        }
    }

    /// What the token for `role` is called.
    pub(super) fn name(&self, role: &str) -> Option<&str> {
        self.by_role.iter().find(|(known, _)| *known == role).map(|(_, token)| token.content.as_str())
    }

    fn is_special(&self, name: &str) -> bool {
        self.by_role.iter().map(|(_, token)| token).chain(&self.more).any(|token| token.content == name)
    }

    /// Adds tokens beyond the vocabulary, which must get the ids that they should have, and then those of these that are
    /// still missing.
    pub(super) fn add_to(
        &self,
        tokenizer: &mut tokenizers::Tokenizer,
        beyond: BTreeMap<u32, AddedToken>,
    ) -> Result<(), TextError> {
        let mut known: Vec<String> = Vec::new();
        for (wanted, token) in beyond {
            known.push(token.content.clone());
            let name = token.content.clone();
            let add = if token.special { tokenizer.add_special_tokens([token]) } else { tokenizer.add_tokens([token]) };
            add.map_err(invalid)?;
            let found = tokenizer.token_to_id(&name).unwrap_or(MAX_ID);
            if found != wanted {
                return Err(TextError::AddedTokenId { token: name, wanted, found });
            }
        }
        let rest = self.by_role.iter().map(|(_, token)| token).chain(&self.more);
        let rest = rest.filter(|token| !known.contains(&token.content)).cloned();
        tokenizer.add_special_tokens(rest).map_err(invalid)?;
        Ok(())
    }

    pub(super) fn roles(&self, tokenizer: &tokenizers::Tokenizer) -> Roles {
        let id = |role: &str| self.name(role).and_then(|name| tokenizer.token_to_id(name));
        Roles {
            cls: id("cls"),
            sep: id("sep"),
            mask: id("mask"),
            pad: id("pad"),
            unk: id("unk"),
            bos: id("bos"),
            eos: id("eos"),
        }
    }
}

/// Tokens beyond the vocabulary by id: the settings' `added_tokens_decoder`, or else `added_tokens.json`.
pub(super) fn beyond(
    config: &Map<String, Value>,
    added: Option<&[u8]>,
    specials: &Specials,
) -> Result<BTreeMap<u32, AddedToken>, TextError> {
    if let Some(decoder) = config.get("added_tokens_decoder").and_then(Value::as_object) {
        let each = decoder.iter().map(|(id, value)| {
            let id = id.parse().ok().filter(|id| *id <= MAX_ID);
            let id = id.ok_or_else(|| invalid("added_tokens_decoder has a key that is no id"))?;
            Ok((id, token(value, false)?))
        });
        return each.collect();
    }
    let mut tokens = BTreeMap::new();
    for (name, id) in super::object(added, "added_tokens.json")? {
        let id = id.as_u64().and_then(|id| u32::try_from(id).ok()).filter(|id| *id <= MAX_ID);
        let id = id.ok_or_else(|| invalid(format!("added_tokens.json gives the token {name:?} no id")))?;
        let special = specials.is_special(&name);
        tokens.insert(id, AddedToken::from(name, special).normalized(!special));
    }
    Ok(tokens)
}

/// A token as its name alone, or as an object that says how it is found.
fn token(value: &Value, special: bool) -> Result<AddedToken, TextError> {
    let flag = |key: &str, default: bool| value.get(key).and_then(Value::as_bool).unwrap_or(default);
    let name = value.as_str().or_else(|| value.get("content").and_then(Value::as_str));
    let name = name.filter(|name| !name.is_empty()).ok_or_else(|| invalid("a special token has no name"))?;
    let special = special || flag("special", false);
    Ok(AddedToken::from(name, special)
        .normalized(flag("normalized", !special))
        .lstrip(flag("lstrip", false))
        .rstrip(flag("rstrip", false))
        .single_word(flag("single_word", false)))
}
