//! What holds of the files of texts: both languages say everything, and with the same values in it.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};

use crate::locale::{AREAS, HEARD, Language};

#[path = "../../../crates/report/tests/sources/mod.rs"]
mod sources;

use sources::{Literal, literals};

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
        let areas = AREAS.iter().chain((language != Language::English).then_some(&HEARD));
        assert_eq!(found, areas.map(|area| format!("{area}.json")).collect());
    }
}

/// Every string of the page's sources.
fn all_literals() -> Vec<Literal> {
    fn walk(folder: &Path, all: &mut Vec<Literal>) {
        for entry in fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            let name = path.display().to_string();
            if path.is_dir() {
                walk(&path, all);
            } else if name.ends_with(".rs") && !name.ends_with("_tests.rs") && !name.ends_with("src/locale.rs") {
                all.extend(literals(&name, &fs::read_to_string(&path).unwrap()));
            }
        }
    }
    let mut all = Vec::new();
    walk(&Path::new(env!("CARGO_MANIFEST_DIR")).join("src"), &mut all);
    assert!(all.len() > 500, "the sources are found");
    all
}

#[test]
fn every_key_is_there_and_is_used() {
    let keys = texts(Language::English);
    let mut used = BTreeSet::new();
    let mut missing = Vec::new();
    for Literal { file, line, before, text, .. } in all_literals() {
        // What a part of a page says in its own name is another thing.
        let one = ["say(", "fill("].iter().any(|call| before.ends_with(call)) && !before.ends_with(".say(");
        let many = before.ends_with("count(");
        for key in [text.clone(), format!("{text}.one"), format!("{text}.other")] {
            let is_key = if many { key != text } else { key == text };
            if is_key && keys.contains_key(&key) {
                used.insert(key);
            } else if is_key && (one || many) {
                missing.push(format!("{file}:{line}: {key}"));
            }
        }
    }
    assert!(missing.is_empty(), "no text has these keys: {missing:#?}");
    let idle: Vec<_> = keys.keys().filter(|key| !used.contains(*key)).collect();
    assert!(idle.is_empty(), "nothing says these: {idle:#?}");
}

/// What stands in the sources for itself in every language: names, keys of a keyboard, and what only browsers read.
const NOT_SAID: &[&str] = &[
    "Headlight",
    "WebGPU · {}",
    "WebGPU{adapter}",
    "Ctrl",
    "Enter",
    "Esc",
    "Escape",
    "Home",
    "End",
    "ArrowLeft",
    "ArrowRight",
    "ArrowUp",
    "ArrowDown",
    "PageUp",
    "PageDown",
    "Files",
];

/// Attributes that nobody reads.
const UNREAD: &[&str] = &[
    "class",
    "id",
    "type",
    "role",
    "name",
    "for",
    "dir",
    "lang",
    "scope",
    "value",
    "style",
    "inputmode",
    "autocomplete",
    "spellcheck",
    "viewBox",
    "d",
    "fill",
    "stroke",
    "max",
    "min",
    "step",
    "rel",
    "href",
    "target",
    "rows",
    "tabindex",
    "focusable",
];

/// Whether a string that stands there would be read by a person who looks at the page.
fn is_said(literal: &Literal) -> bool {
    let Literal { before, text, after, .. } = literal;
    // What is written into a placeholder is no text, nor is an escaped sign.
    let mut plain = String::new();
    let mut depth = 0;
    let mut signs = text.chars();
    while let Some(c) = signs.next() {
        match c {
            '{' => depth += 1,
            '}' => depth -= 1,
            '\\' => {
                signs.next();
                plain.push(' ');
            }
            c if depth == 0 => plain.push(c),
            _ => {}
        }
    }
    let words: Vec<&str> = plain.split_whitespace().collect();
    let is_word = |word: &&str| word.chars().filter(|c| c.is_alphabetic()).count() >= 2;
    let letters = plain.chars().any(char::is_alphabetic);
    if let Some(attribute) = before.strip_suffix('=') {
        let attribute = attribute.rsplit(|c: char| c.is_whitespace() || c == '"').next().unwrap_or_default();
        let is_read = ["title", "placeholder", "alt", "label"].contains(&attribute)
            || (attribute.starts_with("aria-") && (attribute.contains("label") || attribute.contains("description")))
                && attribute != "aria-labelledby";
        let is_known = UNREAD.contains(&attribute)
            || attribute.starts_with("data-")
            || attribute.starts_with("aria-")
            || attribute.contains(':');
        if is_read {
            return letters;
        }
        if is_known {
            return false;
        }
    }
    let is_child =
        (before.ends_with('>') && !before.ends_with("=>") && !before.ends_with("->") && !before.ends_with(">>"))
            || after.starts_with("</");
    if is_child {
        return letters;
    }
    // Names of classes and files and the like are no sentences.
    let is_name = |word: &&str| {
        word.chars().all(|c| c.is_ascii_lowercase() || c.is_ascii_digit() || "-_.:/#".contains(c)) && word.contains('-')
    };
    let begins = plain.trim_start().chars().next().is_some_and(char::is_uppercase)
        && plain.trim_start().chars().nth(1).is_some_and(char::is_lowercase);
    let several = words.iter().filter(|word| is_word(word)).count() >= 2 && !words.iter().any(is_name);
    let foreign = plain.chars().any(|c| c.is_alphabetic() && !c.is_ascii());
    begins || several || foreign
}

/// Whether it goes to somebody other than the reader: the console, a canvas' font, a style sheet.
fn is_elsewhere(literal: &Literal) -> bool {
    let Literal { before, text, .. } = literal;
    let styles = ["rgb(", "linear-gradient(", "translate(", "background-color:", "(prefers-", "px {SANS}"];
    before.ends_with("report(&format!(")
        || before.ends_with("error(")
        || before.ends_with("const SANS: &str =")
        || before.contains("(\"class\",")
        || styles.iter().any(|style| text.contains(style))
}

#[test]
fn whatever_the_page_says_stands_in_the_files_of_texts() {
    let mut unsaid: BTreeSet<&str> = NOT_SAID.iter().copied().collect();
    let mut found = Vec::new();
    for literal in all_literals() {
        if !is_said(&literal) || is_elsewhere(&literal) {
            continue;
        }
        if NOT_SAID.contains(&&*literal.text) {
            unsaid.remove(&*literal.text);
        } else {
            found.push(format!("{}:{}: {:?}", literal.file, literal.line, literal.text));
        }
    }
    assert!(found.is_empty(), "these stand in the source: {found:#?}");
    assert!(unsaid.is_empty(), "these are no exceptions any longer: {unsaid:?}");
}

#[test]
fn a_text_in_the_source_is_noticed() {
    let said = |code: &str| literals("", code).iter().filter(|one| is_said(one) && !is_elsewhere(one)).count();
    assert_eq!(said(r#"view! { <button class="small quiet" data-testid="save">"Save file"</button> }"#), 1);
    assert_eq!(said(r#"view! { <p>"layer"</p> }"#), 1);
    assert_eq!(said(r#"view! { <p title="more" aria-label="less"></p> }"#), 2);
    assert_eq!(said(r#"Some(format!("{} of {total}", done))"#), 0);
    assert_eq!(said(r#"Some(format!("{} tokens of {total} read", done))"#), 1);
    assert_eq!(said(r#"notice.set("Saved.")"#), 1);
    assert_eq!(said(r#"match key { "ArrowDown" => '"', _ => 'a' }; let said = "Two words";"#), 2);
    assert_eq!(
        said(
            r#"// "Save file"
        part.add("p", &[("class", "caption note")], say("top.share"))"#
        ),
        0
    );
}

/// A sentence with the same sign for every place in it, whatever that is called.
fn shape(text: &str) -> String {
    let mut shape = String::new();
    for (at, part) in text.split(['{', '}']).enumerate() {
        shape.push_str(if at % 2 == 0 { part } else { "{}" });
    }
    shape.split_whitespace().collect::<Vec<_>>().join(" ")
}

fn entry_name(path: &Path) -> String {
    path.file_name().unwrap_or_default().to_string_lossy().into_owned()
}

/// What the crates whose sentences the page passes on say: the shape of each, and whether it is an error's.
fn sentences() -> BTreeMap<String, bool> {
    fn walk(folder: &Path, all: &mut BTreeMap<String, bool>) {
        for entry in fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            let name = entry_name(&path);
            if path.is_dir() && !["pkg", "target", "tests"].contains(&&*name) {
                walk(&path, all);
            } else if path.extension().is_some_and(|ending| ending == "js") {
                all.extend(fs::read_to_string(&path).unwrap().split('\'').map(|text| (shape(text), false)));
            } else if path.extension().is_some_and(|ending| ending == "rs") {
                for one in literals(&path.display().to_string(), &fs::read_to_string(&path).unwrap()) {
                    let said = shape(&one.text.replace("\\\n", " ").replace("\\\"", "\""));
                    *all.entry(said).or_default() |= one.before.ends_with("#[error(");
                }
            }
        }
    }
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
    let rooms = ["catalogue", "document", "engine", "explain", "hub", "models", "text", "weights"];
    let mut all = BTreeMap::new();
    for room in rooms.map(|room| format!("crates/{room}")).into_iter().chain(["web/worker".to_owned()]) {
        walk(&root.join(room), &mut all);
    }
    all
}

#[test]
fn what_is_told_in_other_words_is_still_said_and_keeps_its_values() {
    let said = sentences();
    for language in Language::ALL.into_iter().filter(|language| *language != Language::English) {
        let path = locales().join(language.name()).join(format!("{HEARD}.json"));
        let known: BTreeMap<String, String> = serde_json::from_str(&fs::read_to_string(path).unwrap()).unwrap();
        for (sentence, told) in &known {
            assert_eq!(placeholders(sentence), placeholders(told), "{sentence}");
            let places: Vec<&str> = sentence.split(['{', '}']).skip(1).step_by(2).collect();
            assert!(places.iter().enumerate().all(|(at, place)| *place == at.to_string()), "{sentence}");
            assert!(said.contains_key(&shape(sentence)), "nobody says “{sentence}” any longer");
        }
    }
}

#[test]
fn every_error_of_the_engine_is_told_in_each_language() {
    let errors: Vec<_> = sentences().into_iter().filter_map(|(text, is_error)| is_error.then_some(text)).collect();
    assert!(errors.len() > 100, "the errors are found: {}", errors.len());
    for language in Language::ALL.into_iter().filter(|language| *language != Language::English) {
        let path = locales().join(language.name()).join(format!("{HEARD}.json"));
        let known: BTreeMap<String, String> = serde_json::from_str(&fs::read_to_string(path).unwrap()).unwrap();
        let known: BTreeSet<String> = known.keys().map(|sentence| shape(sentence)).collect();
        // What only passes on another one has no words of its own.
        let missing: Vec<_> = errors.iter().filter(|text| *text != "{}" && !known.contains(*text)).collect();
        assert!(missing.is_empty(), "without words in {}: {missing:#?}", language.name());
    }
}
