//! What a Marian model says of itself, under the names that our configurations have.

use std::collections::BTreeMap;

use serde_json::{Value, json};

use crate::error::ModelError;

/// More settings than any Marian has.
const MOST_LINES: usize = 4096;

/// The plain `key: value` lines of Marian's settings; lists and what is nested are left out but for `dim-vocabs`' entries.
fn settings(yaml: &str) -> (BTreeMap<&str, &str>, Vec<&str>) {
    let mut plain = BTreeMap::new();
    let mut vocabularies = Vec::new();
    let mut list = "";
    for line in yaml.lines().take(MOST_LINES) {
        if let Some(entry) = line.trim_start().strip_prefix("- ") {
            if list == "dim-vocabs" {
                vocabularies.push(entry.trim());
            }
        } else if let Some((key, value)) = line.split_once(':').filter(|_| !line.starts_with([' ', '#'])) {
            list = key;
            plain.insert(key, value.trim().trim_matches('"'));
        }
    }
    (plain, vocabularies)
}

/// A configuration for [`crate::ssru`] out of `special:model.yml`, the settings that a Marian model carries.
///
/// # Errors
/// [`ModelError::Config`] where a size is missing, [`ModelError::UnknownArchitecture`] where a setting makes it another
/// architecture than the "tiny" translators'.
pub(crate) fn values(yaml: &str) -> Result<Value, ModelError> {
    let (plain, vocabularies) = settings(yaml);
    let get = |key: &str| plain.get(key).copied().unwrap_or_default();
    // (setting, what this family needs, what Marian takes where it is missing)
    let needed = [
        ("type", "transformer", ""),
        ("transformer-decoder-autoreg", "rnn", "self-attention"),
        ("dec-cell", "ssru", "gru"),
        ("dec-cell-base-depth", "2", "2"),
        ("tied-embeddings-all", "true", "false"),
        ("transformer-preprocess", "", ""),
        ("transformer-postprocess", "dan", "dan"),
        ("transformer-postprocess-top", "", ""),
        ("transformer-postprocess-emb", "d", "d"),
        ("transformer-ffn-depth", "2", "2"),
        ("transformer-train-position-embeddings", "false", "false"),
        ("transformer-no-projection", "false", "false"),
        ("output-omit-bias", "false", "false"),
    ];
    for (key, needed, default) in needed {
        let found = plain.get(key).copied().unwrap_or(default);
        if found != needed {
            let found: String = found.chars().take(60).collect();
            return Err(ModelError::UnknownArchitecture {
                given: format!("Marian with {key}: {found}"),
                known: crate::registry::known().to_owned(),
            });
        }
    }
    let size =
        |key: &str| get(key).parse::<u64>().map_err(|_| ModelError::Config(format!("the model's settings lack {key}")));
    let vocabulary = match vocabularies.as_slice() {
        [first, rest @ ..] if rest.iter().all(|other| other == first) => first.parse::<u64>().ok(),
        _ => None,
    };
    let activation = match get("transformer-ffn-activation") {
        "" => "swish",
        named => named,
    };
    Ok(json!({
        "model_type": "marian-ssru",
        "d_model": size("dim-emb")?,
        "vocab_size": vocabulary.ok_or_else(|| ModelError::Config("dim-vocabs are not two of one size".to_owned()))?,
        "encoder_layers": size("enc-depth")?,
        "decoder_layers": size("dec-depth")?,
        "attention_heads": size("transformer-heads")?,
        "ffn_dim": size("transformer-dim-ffn")?,
        "activation_function": activation,
        "max_position_embeddings": 1024,
        // Marian's vocabularies begin with these two.
        "eos_token_id": 0,
        "unk_token_id": 1,
    }))
}

#[cfg(test)]
mod tests {
    use super::*;

    const TINY: &str = "dec-cell: ssru\ndec-cell-base-depth: 2\ndec-depth: 2\ndim-emb: 256\ndim-vocabs:\n  - 32000\n  - \
                        32000\nenc-depth: 6\ntied-embeddings-all: true\ntransformer-decoder-autoreg: rnn\n\
                        transformer-dim-ffn: 1536\ntransformer-ffn-activation: relu\ntransformer-heads: 8\n\
                        transformer-postprocess: dan\ntransformer-preprocess: \"\"\ninput-types: []\ntype: transformer\n";

    #[test]
    fn settings_become_a_configuration() {
        let values = values(TINY).unwrap();
        assert_eq!(values["vocab_size"], 32000);
        assert_eq!(values["encoder_layers"], 6);
        assert_eq!(values["decoder_layers"], 2);
        assert_eq!(values["ffn_dim"], 1536);
        assert_eq!(values["activation_function"], "relu");
    }

    #[test]
    fn other_architectures_are_named() {
        for (old, new, what) in [
            ("ssru", "gru", "Marian with dec-cell: gru"),
            ("autoreg: rnn", "autoreg: self-attention", "Marian with transformer-decoder-autoreg: self-attention"),
            ("dan", "da", "Marian with transformer-postprocess: da"),
        ] {
            let error = values(&TINY.replace(old, new)).unwrap_err().to_string();
            assert!(error.contains(what), "{error}");
        }
        assert!(matches!(values(&TINY.replace("256", "a")), Err(ModelError::Config(_))));
        assert!(matches!(values(&TINY.replace("  - 32000\n  - 32000\n", "")), Err(ModelError::Config(_))));
        assert!(values("").is_err());
    }
}
