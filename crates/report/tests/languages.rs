//! What is published can be read in each language: no text stands in the source, both languages say the same things, and a Chinese
//! report is Chinese.

#![allow(clippy::unwrap_used, clippy::panic, reason = "a panic is how a test fails")]

mod documents;
mod sources;

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::Path;

use documents::{full, sample};
use headlight_document::{Explanation, Method, Read, TargetKind};
use headlight_report::texts::{CHINESE, Files};
use headlight_report::{Texts, cite, drawings, html, words};
use serde_json::Value;
use sources::{Literal, literals};

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

fn texts(language: &str) -> BTreeMap<String, String> {
    let path = root().join(format!("locales/{language}/report.json"));
    serde_json::from_str(&fs::read_to_string(path).unwrap()).unwrap()
}

fn chinese() -> Files {
    Files::read(CHINESE).unwrap()
}

fn placeholders(text: &str) -> BTreeSet<&str> {
    text.split('{').skip(1).filter_map(|rest| rest.split('}').next()).collect()
}

#[test]
fn both_languages_say_the_same_things() {
    let (english, chinese) = (texts("en"), texts("zh"));
    assert!(english.keys().eq(chinese.keys()), "{:?}", english.keys().zip(chinese.keys()).find(|(a, b)| a != b));
    for (key, text) in &english {
        let other = &chinese[key];
        assert_eq!(placeholders(text), placeholders(other), "{key}: “{text}” and “{other}”");
        assert!(!text.is_empty() && !other.is_empty(), "{key}");
        let is_symbol = !text.chars().any(char::is_alphabetic);
        let is_kept = ["read.logit", "column.logit", "heads.made.mlps", "agreement.rho"].contains(&&**key);
        assert!(is_symbol || is_kept || other.chars().any(is_han), "{key}: {other}");
        assert!(!text.chars().any(is_han), "{key}: {text}");
    }
}

/// Whether it is a Chinese character.
fn is_han(c: char) -> bool {
    matches!(c, '\u{4e00}'..='\u{9fff}')
}

/// The strings of the crate: not those of tables, whose heads and names are for programs, nor what papers are called.
fn all_literals() -> Vec<Literal> {
    fn walk(folder: &Path, all: &mut Vec<Literal>) {
        for entry in fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                walk(&path, all);
            } else if !path.ends_with("src/csv.rs")
                && !path.ends_with("src/csv/wrote.rs")
                && !path.ends_with("src/references.rs")
            {
                all.extend(literals(&path.display().to_string(), &fs::read_to_string(&path).unwrap()));
            }
        }
    }
    let mut all = Vec::new();
    walk(&root().join("src"), &mut all);
    assert!(all.len() > 300, "the sources are found");
    all
}

/// A string without what is put into it, elements, attributes, and escaped signs.
fn plain(text: &str) -> String {
    let text = text.replace("\\\"", "\"").replace("\\\n", " ").replace("\\n", " ");
    let (mut plain, mut depth, mut is_tag, mut is_value) = (String::new(), 0, false, false);
    for c in text.chars() {
        match c {
            '{' => depth += 1,
            '}' => depth -= 1,
            '<' => is_tag = true,
            '>' => is_tag = false,
            '"' => is_value = !is_value,
            c if depth == 0 && !is_tag && !is_value => plain.push(c),
            _ => {}
        }
    }
    plain
}

/// What stands in the source for itself in every language: names, units, and what only programs read.
const NOT_SAID: &[&str] = &[
    "../../../web/page/locales/zh/engine.json",
    "../../../web/page/locales/zh/names.json",
    "../locales/en/report.json",
    "../locales/zh/report.json",
    "CARGO_PKG_VERSION",
    "Headlight",
    "IDAT",
    "IEND",
    "IHDR",
    "L{}H{}",
    "PLTE",
    "\\u{2068}{text}\\u{2069}",
    "\\x89PNG\\r\\n\\x1a\\n",
    "\\\\u003c",
    "background-color:{};color:{}",
    "base",
    "en",
    "end",
    "middle",
    "names.{name}",
    "noise",
    "option.{name}",
    "parameter.{name}",
    "replacement",
    "rgb({} {} {})",
    "saliency",
    "start",
    "td",
    "th scope=\\\"row\\\"",
    "total",
    "{:.1} s",
    "{milliseconds:.0} ms",
    "{} MB",
    "{} kB",
];

/// Whether a person might read it, who looks at what is published.
fn is_said(literal: &Literal) -> bool {
    let Literal { before, text, after, .. } = literal;
    let is_tag = ["page.add(", "page.say(", "self.add(", "self.say("].iter().any(|call| before.ends_with(call))
        && after.starts_with(',')
        && text.split(' ').next().is_some_and(|name| name.len() < 11);
    let is_style = before.ends_with("const STYLE: &str =") || before.ends_with("const SANS: &str =");
    // An entry of BibTeX is the same in every language, and so is a sign as HTML writes it.
    let is_entry = text.starts_with('@') || text.trim_start().starts_with("year = ");
    let is_sign = text.starts_with('&') && text.ends_with(';');
    if is_tag || is_style || is_entry || is_sign {
        return false;
    }
    // Two letters side by side are a word; the name of an attribute ends with its sign. A path is drawn, not read.
    let is_word = |word: &str| {
        let letters = word.split(|c: char| !c.is_alphabetic()).map(|part| part.chars().count()).max().unwrap_or(0);
        let is_path = word.chars().all(|c| "MLhvz-".contains(c) || c.is_ascii_digit());
        letters >= 2 && !word.ends_with('=') && !is_path || word.chars().any(|c| c.is_alphabetic() && !c.is_ascii())
    };
    plain(text).replace("Headlight:", "").split_whitespace().any(is_word)
}

#[test]
fn whatever_is_published_stands_in_the_files_of_texts_and_every_text_is_used() {
    let keys: BTreeSet<String> = texts("en").into_keys().collect();
    let mut used = BTreeSet::new();
    let mut unsaid: BTreeSet<&str> = NOT_SAID.iter().copied().collect();
    let mut found = Vec::new();
    for literal in all_literals() {
        // What a thing is called is behind a dot: each of a kind.
        let kind = literal.text.split_once(".{").map(|(kind, _)| format!("{kind}."));
        let of_kind: Vec<&String> =
            kind.iter().flat_map(|kind| keys.iter().filter(move |key| key.starts_with(kind))).collect();
        if keys.contains(&literal.text) {
            used.insert(literal.text.clone());
        } else if !of_kind.is_empty() && !unsaid.contains(&*literal.text) {
            used.extend(of_kind.into_iter().cloned());
        } else if NOT_SAID.contains(&&*literal.text) {
            unsaid.remove(&*literal.text);
        } else if is_said(&literal) {
            found.push(format!("{}:{}: {:?}", literal.file, literal.line, literal.text));
        }
    }
    assert!(found.is_empty(), "these stand in the source, and in no file of texts: {found:#?}");
    assert!(unsaid.is_empty(), "these are no exceptions any longer: {unsaid:?}");
    let idle: Vec<&String> = keys.difference(&used).collect();
    assert!(idle.is_empty(), "nothing says these: {idle:?}");
}

#[test]
fn a_text_in_the_source_is_noticed() {
    let said = |code: &str| literals("", code).iter().filter(|one| is_said(one)).count();
    assert_eq!(said(r#"page.add("h2", "Agreement");"#), 1);
    assert_eq!(said(r#"page.add("p class=\"note\"", &format!("{more} more rows"));"#), 1);
    assert_eq!(said(r#"format!("<p>Explained is <b>{what}</b>.</p>")"#), 1);
    assert_eq!(said(r#"let axes = ("layer", "head");"#), 2);
    assert_eq!(said(r#"svg.words(x, y, "层", muted, "font-size=\"11\" text-anchor=\"end\"");"#), 1);
    assert_eq!(said(r#"format!("M{x} {y}h{wide}v{high}h-{wide}z")"#), 0);
}

#[test]
fn whatever_has_a_name_of_its_own_has_words_for_it() {
    let (english, files) = (texts("en"), chinese());
    let names = files.texts("zh-Hans");
    for &method in Method::ALL {
        assert!(english.contains_key(&format!("what.{}", method.name())), "{method:?}");
        // Those of LIME and SmoothGrad are names in Chinese too.
        let is_name = [Method::Lime, Method::SmoothGrad].contains(&method);
        assert!(is_name || names.method(method).chars().any(is_han), "{method:?}: {}", names.method(method));
        assert_eq!(Texts::english().method(method), method.title());
    }
    for read in [Read::Logit, Read::LogProb, Read::Prob] {
        assert!(english.contains_key(&format!("read.{}", read.name())), "{read:?}");
    }
    for (name, _) in headlight_report::csv::figures(&headlight_document::HeadProfile::default()) {
        assert!(english.contains_key(&format!("figure.{name}")), "{name}");
    }
    assert_eq!((names.parameter("steps"), names.option("zero"), names.option("7")), ("步数", "零", "7"));
    assert!(Files::read(["[]", "{}", "{}"]).is_err());
}

/// A document whose every text of its own is a Chinese one, and whose doubts are those that the engine has.
fn of_chinese_text(mut document: Explanation) -> Explanation {
    document.warnings = vec![
        "The probability is 0.9991, where a softmax is flat: gradients are close to zero whatever the text says. Read the logit \
         instead."
            .to_owned(),
    ];
    for one in &mut document.attributions {
        let distrust = "There are too few samples to say how sure the values are.";
        one.checks.distrust = one.checks.distrust.as_ref().map(|_| distrust.to_owned());
    }
    for one in document.faithfulness.iter_mut().flat_map(|found| &mut found.methods) {
        let verdict =
            "Leaving out the words it ranks first is no better than random: it does more than 7 of 20 random orders.";
        one.verdicts = one.verdicts.iter().map(|_| verdict.to_owned()).collect();
    }
    let mut value = serde_json::to_value(&document).unwrap();
    fn change(value: &mut Value) {
        match value {
            Value::Object(fields) => {
                for (name, value) in fields {
                    match value {
                        Value::String(text) if ["text", "replacement"].contains(&&**name) => *text = "词".to_owned(),
                        value => change(value),
                    }
                }
            }
            Value::Array(values) => values.iter_mut().for_each(change),
            _ => {}
        }
    }
    change(&mut value);
    serde_json::from_value(value).unwrap()
}

fn report(document: &Explanation, texts: Texts<'_>) -> String {
    let mut bytes = Vec::new();
    html::write(document, Some("2026-11-26"), cite::LIBRARY, texts, &mut bytes).unwrap();
    String::from_utf8(bytes).unwrap()
}

/// What a person reads of a page: its texts and what drawings say of themselves, without its style, its BibTeX and its document.
fn read(page: &str) -> String {
    let mut shown = String::new();
    let mut rest = page.replace("<script", "<style");
    for (from, to) in [("<style", "</style>"), ("<style", "</script>"), ("<pre", "</pre>")] {
        let (before, after) = rest.split_once(from).unwrap();
        rest = format!("{before} {}", after.split_once(to).unwrap().1);
    }
    for part in rest.split('<') {
        let (tag, text) = part.split_once('>').unwrap_or(("", part));
        let label = tag.split_once("aria-label=\"").and_then(|(_, label)| label.split('"').next()).unwrap_or_default();
        shown.push_str(&format!(" {label} {text}"));
    }
    [("&quot;", "\""), ("&#39;", "'"), ("&lt;", "<"), ("&gt;", ">"), ("&amp;", "&")]
        .into_iter()
        .fold(shown, |shown, (sign, c)| shown.replace(sign, c))
}

/// English words that Chinese papers keep: names, and what stands for itself.
const KEPT: &[&str] = &[
    "BertViz",
    "CPU",
    "CSV",
    "HTML",
    "Headlight",
    "JSON",
    "Kendall",
    "LIME",
    "Logit",
    "MLP",
    "Owen",
    "SHA",
    "SHAP",
    "Shapley",
    "SmoothGrad",
    "Spearman",
    "kB",
    "logit",
    "ms",
    "softmax",
];

/// The English words of a text, but for names and references.
fn english(document: &Explanation, text: &str) -> Vec<String> {
    let model = &document.model;
    let own = [&model.title, &model.id, &model.sha256, &model.family, &model.license, &model.device, &document.schema];
    // A word that stands in another is not taken out of it: longer ones come first.
    let mut own: Vec<&String> = own.into_iter().filter(|one| !one.is_empty()).collect();
    own.sort_by_key(|one| std::cmp::Reverse(one.len()));
    let mut text = own.into_iter().fold(text.to_owned(), |text, one| text.replace(&**one, " "));
    // References end with their year.
    while let Some(end) = text.match_indices('）').map(|(end, _)| end).find(|end| is_year(&text[..*end])) {
        let from = text[..end].rfind('（').unwrap();
        text.replace_range(from..end + '）'.len_utf8(), " ");
    }
    let words = text.split(|c: char| !c.is_ascii_alphabetic()).filter(|word| word.len() >= 2);
    words.filter(|word| !KEPT.contains(word)).map(str::to_owned).collect()
}

/// Whether a text ends with a year.
fn is_year(text: &str) -> bool {
    let year: String = text.chars().skip(text.chars().count().saturating_sub(4)).collect();
    year.parse().is_ok_and(|year: u16| (1900..2100).contains(&year))
}

#[test]
fn a_chinese_report_has_no_english_but_names_and_references() {
    let files = chinese();
    let texts = files.texts("zh-Hans");
    for document in [of_chinese_text(sample()), of_chinese_text(full())] {
        let page = report(&document, texts);
        assert!(page.starts_with("<!doctype html><html lang=\"zh-Hans\">"));
        assert_eq!(english(&document, &read(&page)), Vec::<String>::new());
        assert_eq!(english(&document, &cite::paragraph(&document, texts)), Vec::<String>::new());
        // The same test finds the English one, so that it can fail.
        let plain = report(&document, Texts::english());
        assert!(english(&document, &read(&plain)).len() > 100);
    }
}

/// Every number that stands in a text, in order of size.
fn numbers(text: &str) -> Vec<&str> {
    let mut all: Vec<&str> = text.split(|c: char| !c.is_ascii_digit() && c != '.').collect();
    all.iter_mut().for_each(|one| *one = one.trim_matches('.'));
    all.retain(|one| !one.is_empty());
    all.sort_unstable();
    all
}

#[test]
fn a_report_has_the_same_numbers_in_each_language() {
    let files = chinese();
    let texts = files.texts("zh-Hans");
    for document in [sample(), full()] {
        let (ours, theirs) = (read(&report(&document, texts)), read(&report(&document, Texts::english())));
        assert!(numbers(&ours).len() > 100);
        assert_eq!(numbers(&ours), numbers(&theirs));
    }
}

#[test]
fn every_kind_of_target_and_every_method_is_told_in_each_language() {
    let files = chinese();
    let texts = files.texts("zh-Hans");
    let mut document = of_chinese_text(full());
    let kinds = [
        TargetKind::NextToken,
        TargetKind::Class,
        TargetKind::TokenLabel,
        TargetKind::MaskedWord,
        TargetKind::AnswerSpan,
        TargetKind::OutputToken,
        TargetKind::Similarity,
    ];
    for (kind, read) in kinds.into_iter().flat_map(|kind| [(kind, Read::Logit), (kind, Read::Prob)]) {
        document.target.kind = kind;
        document.target.read = read;
        document.target.foil = None;
        (document.target.position, document.target.end) = (Some(3), Some(5));
        let said = words::target(&document, texts);
        assert!(said.chars().any(is_han) && english(&document, &said).is_empty(), "{kind:?}: {said}");
        assert!(!said.contains('{') && !said.contains("  "), "{said}");
        let places = usize::from(said.contains('3')) + usize::from(said.contains('5'));
        assert_eq!(places, numbers(&words::target(&document, Texts::english())).len(), "{said}");
    }
    document.target.kind = TargetKind::TokenLabel;
    assert_eq!(words::target(&document, texts), "标签“词”的概率（词元 3）");
    for &method in Method::ALL {
        document.attributions[0].method = method;
        let (said, plain) = (cite::paragraph(&document, texts), cite::paragraph(&document, Texts::english()));
        assert_eq!(english(&document, &said), Vec::<String>::new(), "{said}");
        assert!(said.contains(&format!("{}（", texts.method(method))), "{said}");
        // It cites the same papers.
        let cited = |text: &str, marks: [char; 2]| -> BTreeSet<String> {
            let all = text.split(marks).flat_map(|part| part.split(['；', ';'])).map(|part| part.trim().to_owned());
            all.filter(|part| part.len() > 6 && is_year(part)).collect()
        };
        assert_eq!(cited(&said, ['（', '）']), cited(&plain, ['(', ')']));
    }
}

#[test]
fn a_chinese_paragraph_names_method_parameters_model_and_hash() {
    let (document, files) = (full(), chinese());
    let said = cite::paragraph(&document, files.texts("zh-Hans"));
    for text in [
        "SmolLM2 135M Instruct",
        "模型系列 llama",
        &document.model.sha256,
        "设备“cpu”",
        env!("CARGO_PKG_VERSION"),
        "积分梯度（Sundararajan et al., 2017）为每个词元给出",
        "参数：基线 零，步数 50",
        "显著性（Simonyan et al., 2014）",
        "“ Paris”作为下一个词元的 logit，减去“ Lyon”的相应值（Yin and Neubig, 2022），其值为",
        "删除与插入曲线（Samek et al., 2017；Petsiuk et al., 2018）",
        "2 个随机顺序（随机种子 3）",
        "logit 透镜（nostalgebraist, 2020）",
    ] {
        assert!(said.contains(text), "{text}: {said}");
    }
    assert!(!said.contains('\n'), "one paragraph");
    // What the engine does not know is told as it is.
    assert!(said.contains("The values sum to another number."));
    let drawn = drawings::tokens(&document, &document.attributions[1], files.texts("zh-Hans"), false);
    assert!(drawn.contains("梯度×输入：SmolLM2") && drawn.contains("橙色：反对该答案"), "{drawn}");
}
