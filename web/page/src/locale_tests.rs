//! What holds of the files of texts: both languages say everything, and with the same values in it.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};

use crate::locale::{AREAS, Language};

fn locales() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("locales")
}

fn texts(language: Language) -> BTreeMap<String, String> {
    let mut all = BTreeMap::new();
    for area in AREAS {
        let path = locales().join(language.name()).join(format!("{area}.json"));
        let file: BTreeMap<String, String> = serde_json::from_str(&fs::read_to_string(&path).unwrap())
            .unwrap_or_else(|error| panic!("{}: {error}", path.display()));
        for (key, text) in file {
            assert!(key.starts_with(&format!("{area}.")), "{key} lies in {}", path.display());
            assert_eq!(all.insert(key.clone(), text), None, "{key} stands twice");
        }
    }
    all
}

fn placeholders(text: &str) -> BTreeSet<&str> {
    text.split('{').skip(1).filter_map(|rest| rest.split('}').next()).collect()
}

#[test]
fn both_languages_say_the_same_things() {
    let (english, chinese) = (texts(Language::English), texts(Language::Chinese));
    let keys = |texts: &BTreeMap<String, String>| texts.keys().cloned().collect::<BTreeSet<_>>();
    let differing: Vec<_> = keys(&english).symmetric_difference(&keys(&chinese)).cloned().collect();
    assert!(differing.is_empty(), "only one language has {differing:?}");
    // What stands before a piece and what stands after it are one sentence.
    let whole = |texts: &BTreeMap<String, String>, key: &str| {
        let key = key.strip_suffix(".then").filter(|before| texts.contains_key(*before)).unwrap_or(key);
        let then = texts.get(&format!("{key}.then")).cloned().unwrap_or_default();
        format!("{}{then}", texts[key])
    };
    for (key, text) in &english {
        let other = &chinese[key];
        let (said, otherwise) = (whole(&english, key), whole(&chinese, key));
        assert_eq!(placeholders(&said), placeholders(&otherwise), "{key}: “{said}” and “{otherwise}”");
        assert!(!other.is_empty() || text.is_empty(), "{key} says nothing in Chinese");
    }
}

#[test]
fn no_file_of_texts_is_left_out() {
    for language in Language::ALL {
        let found: BTreeSet<String> = fs::read_dir(locales().join(language.name()))
            .unwrap()
            .map(|entry| entry.unwrap().file_name().into_string().unwrap())
            .collect();
        assert_eq!(found, AREAS.iter().map(|area| format!("{area}.json")).collect());
    }
}
