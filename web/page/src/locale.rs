//! The texts of the page in the language that is chosen. English is a part of the page; another language is fetched when
//! somebody asks for it. The texts lie in `web/page/locales`, a folder for each language and a file for each area of the page,
//! flat objects of keys and texts.
//!
//! The view is made anew when the language changes, so that a text is looked up while a view is made and never watched.

use std::cell::Cell;
use std::fmt::Display;
use std::sync::LazyLock;

use headlight_report::Texts as ReportTexts;
use headlight_report::texts::{File, parts, put, told};

/// The areas: each has a file of its name in the folder of every language, and keys that begin with its name and a dot.
macro_rules! areas {
    ($($area:literal),* $(,)?) => {
        /// The areas.
        pub const AREAS: &[&str] = &[$($area),*];
        const ENGLISH: &[&str] = &[$(include_str!(concat!("../locales/en/", $area, ".json"))),*];
    };
}

areas![
    "answer",
    "app",
    "attention",
    "changed",
    "chart",
    "cost",
    "count",
    "foot",
    "grid",
    "head",
    "heads",
    "heat",
    "help",
    "history",
    "input",
    "leave_out",
    "legend",
    "lessons",
    "lines",
    "methods",
    "models",
    "names",
    "neurons",
    "other",
    "over",
    "own",
    "prompt",
    "save",
    "share",
    "status",
    "task",
    "teach",
    "tokens",
    "top",
    "triangle",
    "trust",
    "words",
    "writing",
];

/// What the engine says of itself, in other languages than English: a file whose keys are the English sentences. It comes
/// after a language's areas.
pub const HEARD: &str = "engine";

/// What reports say, in other languages than English: the file of the crate that writes them. It comes last.
pub const REPORT: &str = "report";

/// The area with the names of methods, which reports call the same.
const NAMES: &str = "names";

/// A language that the page speaks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Language {
    /// English.
    English,
    /// Simplified Chinese.
    Chinese,
}

impl Language {
    /// All of them.
    pub const ALL: [Self; 2] = [Self::English, Self::Chinese];

    /// What it is called in addresses, folders and what is remembered.
    pub fn name(self) -> &'static str {
        match self {
            Self::English => "en",
            Self::Chinese => "zh",
        }
    }

    /// The language of this name.
    pub fn named(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|language| language.name() == name)
    }

    /// The first of a person's languages that the page speaks, each as a browser names it (`zh-CN`); else English.
    pub fn preferred(tags: impl IntoIterator<Item = String>) -> Self {
        let primary = |tag: String| tag.split('-').next().and_then(|part| Self::named(&part.to_ascii_lowercase()));
        tags.into_iter().find_map(primary).unwrap_or(Self::English)
    }

    /// As a document's `lang` says it.
    pub fn tag(self) -> &'static str {
        match self {
            Self::English => "en",
            Self::Chinese => "zh-Hans",
        }
    }
}

// The files of a language, as the areas are ordered.
type Texts = Vec<File>;

static PLAIN: LazyLock<Texts> = LazyLock::new(|| {
    // A test reads the same files, so that none is left out here.
    ENGLISH.iter().map(|area| serde_json::from_str(area).unwrap_or_default()).collect()
});

thread_local! {
    static CHOSEN: Cell<(Language, Option<&'static Texts>)> = const { Cell::new((Language::English, None)) };
}

/// The language now spoken.
pub fn language() -> Language {
    CHOSEN.get().0
}

/// Speaks English.
pub fn speak_english() {
    CHOSEN.set((Language::English, None));
}

/// Speaks a language whose texts these are, a file for each area, that of [`HEARD`] and that of [`REPORT`]. They stay in memory as long as the page is open.
///
/// # Errors
/// Where a file is not a flat object of texts; the page then goes on as before.
pub fn speak(language: Language, files: &[String]) -> serde_json::Result<()> {
    let mut texts = Texts::new();
    for file in files {
        texts.push(serde_json::from_str(file)?);
    }
    CHOSEN.set((language, Some(Box::leak(Box::new(texts)))));
    Ok(())
}

fn find(key: &str) -> Option<&'static str> {
    let area = AREAS.iter().position(|area| key.strip_prefix(area).is_some_and(|rest| rest.starts_with('.')))?;
    let of = |texts: &'static Texts| texts.get(area)?.get(key)?.as_str();
    CHOSEN.get().1.and_then(of).or_else(|| of(&PLAIN))
}

/// A sentence that comes from elsewhere in English, in the language now spoken; as it is where that does not know it.
pub fn heard(sentence: &str) -> String {
    let known = CHOSEN.get().1.and_then(|texts| texts.get(AREAS.len()));
    known.and_then(|known| told(known, sentence)).unwrap_or_else(|| sentence.to_owned())
}

/// A sentence of the page's own that was said before the language changed, said again; as it is where it is none.
pub fn again(before: Spoken, sentence: &str) -> String {
    let old = before.0.unwrap_or(&PLAIN);
    // Only the page's own are found again by their key.
    let fits = old.iter().take(AREAS.len()).flatten().filter_map(|(key, text)| {
        let text = text.as_str()?;
        let values = if text == sentence { Vec::new() } else { parts(text, sentence)? };
        // Where several fit, the one of which most stands there as it is.
        Some((sentence.len() - values.iter().map(|value| value.len()).sum::<usize>(), key, values))
    });
    let best = fits.max_by_key(|(fixed, ..)| *fixed).filter(|(fixed, ..)| *fixed * 3 > sentence.len());
    let said = best.and_then(|(_, key, values)| {
        let values: Vec<&dyn Display> = values.iter().map(|value| value as &dyn Display).collect();
        Some(put(find(key)?, &values))
    });
    said.unwrap_or_else(|| sentence.to_owned())
}

/// The texts of a language that was spoken.
#[derive(Clone, Copy)]
pub struct Spoken(Option<&'static Texts>);

/// The texts now spoken.
pub fn spoken() -> Spoken {
    Spoken(CHOSEN.get().1)
}

/// What a report says in the language now spoken.
pub fn of_reports() -> ReportTexts<'static> {
    let (language, spoken) = CHOSEN.get();
    let texts = spoken.and_then(|texts| {
        let names = texts.get(AREAS.iter().position(|area| *area == NAMES)?)?;
        Some(ReportTexts::new(language.tag(), texts.get(AREAS.len() + 1)?, names, texts.get(AREAS.len())?))
    });
    texts.unwrap_or_else(ReportTexts::english)
}

/// The text of a key: in the language now spoken, else in English, else the key itself.
pub fn say(key: &'static str) -> &'static str {
    find(key).unwrap_or(key)
}

/// The text of a key with `{0}`, `{1}` and so on replaced.
pub fn fill(key: &'static str, values: &[&dyn Display]) -> String {
    put(say(key), values)
}

/// So many of something: the text of the key with `.one` behind it for one, else that of the key with `.other`, with the
/// number for `{0}`. Languages without plurals have the same text twice.
pub fn count(key: &'static str, many: usize) -> String {
    let form = find(&format!("{key}{}", if many == 1 { ".one" } else { ".other" }));
    put(form.unwrap_or(key), &[&many])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn texts_are_filled_and_fall_back() {
        assert_eq!(say("top.share"), "Share");
        assert_eq!(say("nothing.of.this.name"), "nothing.of.this.name");
        assert_eq!(fill("a {1} and {0} {2} {x} {", &[&1, &"two"]), "a two and 1 {2} {x} {");
        assert_eq!((count("count.token", 1), count("count.token", 5)), ("1 token".to_owned(), "5 tokens".to_owned()));
        let files = AREAS.iter().map(|&area| if area == "top" { r#"{"top.share": "分享"}"# } else { "{}" }.to_owned());
        speak(Language::Chinese, &files.collect::<Vec<_>>()).unwrap();
        assert_eq!((say("top.share"), say("save.open"), language()), ("分享", "Save", Language::Chinese));
        assert!(speak(Language::Chinese, &["[]".to_owned()]).is_err());
        assert_eq!(say("top.share"), "分享");
        speak_english();
        assert_eq!((say("top.share"), language()), ("Share", Language::English));
    }

    #[test]
    fn what_is_heard_is_told_in_the_language_now_spoken() {
        assert_eq!(heard("The engine is not ready yet."), "The engine is not ready yet.");
        let mut files = vec!["{}".to_owned(); AREAS.len()];
        files.push(
            r#"{"Not ready.": "未就绪。", "{0} broke ({1}).": "{0} 已中断（{1}）。", "no net": "没有网络", "{0} is {1}": "{0} 是 {1}"}"#.to_owned(),
        );
        speak(Language::Chinese, &files).unwrap();
        assert_eq!(heard("Not ready."), "未就绪。");
        assert_eq!(heard("The file (a) broke (no net)."), "The file (a) 已中断（没有网络）。");
        assert_eq!(heard("a is b"), "a 是 b");
        for unknown in ["", "Something else.", "broke", " broke ().x", "é"] {
            assert_eq!(heard(unknown), unknown);
        }
        speak_english();
    }

    #[test]
    fn a_report_is_in_the_language_now_spoken() {
        assert_eq!((of_reports().tag(), of_reports().say("how.model")), ("en", "Model"));
        let mut files = vec!["{}".to_owned(); AREAS.len()];
        files[AREAS.iter().position(|area| *area == NAMES).unwrap()] = r#"{"names.saliency": "显著性"}"#.to_owned();
        // Without the last file a report is English as a whole.
        files.push(r#"{"Not ready.": "未就绪。"}"#.to_owned());
        speak(Language::Chinese, &files).unwrap();
        assert_eq!(of_reports().tag(), "en");
        files.push(r#"{"how.model": "模型"}"#.to_owned());
        speak(Language::Chinese, &files).unwrap();
        let texts = of_reports();
        assert_eq!((texts.tag(), texts.say("how.model"), texts.say("how.device")), ("zh-Hans", "模型", "Device"));
        let method = headlight_document::Method::Saliency;
        assert_eq!((texts.method(method), &*texts.heard("Not ready.")), ("显著性", "未就绪。"));
        speak_english();
    }

    #[test]
    fn what_was_said_is_said_again_in_another_language() {
        let refused = fill("app.no_list", &[&say("top.fetch.unreachable")]);
        let before = spoken();
        let files = AREAS.iter().map(|&area| match area {
            "app" => r#"{"app.no_list": "没有列表：{0}。", "app.tick": "请勾选。"}"#.to_owned(),
            _ => "{}".to_owned(),
        });
        speak(Language::Chinese, &files.collect::<Vec<_>>()).unwrap();
        assert_eq!(again(before, "Tick at least one method."), "请勾选。");
        assert_eq!(again(before, &refused), "没有列表：the server cannot be reached。");
        assert_eq!(
            again(before, "What somebody else said: a lot of things."),
            "What somebody else said: a lot of things."
        );
        let before = spoken();
        speak_english();
        assert_eq!(again(before, "没有列表：x。"), "The list of models could not be fetched: x.");
    }

    #[test]
    fn a_persons_languages_are_taken_in_their_order() {
        let of = |tags: &[&str]| Language::preferred(tags.iter().map(|&tag| tag.to_owned()));
        assert_eq!(of(&["de-DE", "zh-CN", "en"]), Language::Chinese);
        assert_eq!(of(&["en-GB", "zh"]), Language::English);
        assert_eq!(of(&["ZH-Hans-CN"]), Language::Chinese);
        assert_eq!(of(&["fr"]), Language::English);
        assert_eq!(of(&[]), Language::English);
    }
}
