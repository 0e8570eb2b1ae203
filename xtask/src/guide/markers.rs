//! What chapters take from elsewhere, so that it is said once: the page's own words, its glossary and formulas, what methods run with
//! where nobody says otherwise, and what was measured of them.
//!
//! | marker | becomes |
//! | --- | --- |
//! | `{{say KEY}}` | the page's words for a key of its locale, set off as words of the page |
//! | `{{text KEY}}` | the same as plain text, for headings |
//! | `{{formula NAME}}` | a formula of the help, as MathML |
//! | `{{default NAME}}` | a method's parameter where nobody says otherwise |
//! | `{{measured METHOD}}` | what docs/methods found of a method, in a sentence |
//! | `{{glossary}}` | every entry of the help |

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::fs;
use std::path::Path;

use headlight_catalogue::document::Parameters;
use serde_json::Value;

use crate::error::{Error, Result};

// The page's own, so that a formula is the same in its help and here.
#[path = "../../../web/page/src/state/formula.rs"]
mod formula;

/// What markers are read from, in one language.
pub struct Sources {
    words: BTreeMap<String, String>,
    help: Value,
    formulas: Value,
    table: Value,
    /// The sentence of `{{measured}}`, with names in braces.
    sentence: String,
}

impl Sources {
    /// Reads them from the checkout at `root`.
    ///
    /// # Errors
    /// When a file can't be read, or is not what it should be.
    pub fn read(root: &Path, language: &str) -> Result<Self> {
        let locales = root.join("web/page/locales").join(language);
        let mut words = BTreeMap::new();
        for name in super::names(&locales, "json")? {
            let area: BTreeMap<String, Value> = parsed(&locales.join(name))?;
            // What the engine says is nested.
            words.extend(area.into_iter().filter_map(|(key, value)| Some((key, value.as_str()?.to_owned()))));
        }
        let help = root.join("web/page/assets/help");
        let own = root.join(super::SOURCE).join(language);
        let sentence = own.join("measured.txt");
        Ok(Self {
            words,
            help: parsed(&help.join(format!("{language}.json")))?,
            formulas: parsed(&help.join("formulas.json"))?,
            table: parsed(&root.join("docs/methods/table.json"))?,
            sentence: fs::read_to_string(&sentence).map_err(Error::io("read", &sentence))?.trim().to_owned(),
        })
    }

    /// A chapter with what stands for its markers; in its code they stay as they are. The error is what a marker names in vain.
    pub fn written(&self, chapter: &str) -> Result<String, String> {
        let mut written = String::with_capacity(chapter.len());
        let mut rest = chapter;
        while let Some((before, after)) = rest.split_once("{{") {
            let (marker, after) = after.split_once("}}").ok_or("a marker has no end")?;
            written.push_str(before);
            written.push_str(&self.marker(marker).ok_or_else(|| format!("{{{{{marker}}}}} names nothing"))?);
            rest = after;
        }
        Ok(written + rest)
    }

    fn marker(&self, marker: &str) -> Option<String> {
        match marker.split_once(' ').unwrap_or((marker, "")) {
            ("say", key) => Some(format!("<b class=\"ui\">{}</b>", escaped(self.words.get(key)?.trim()))),
            // A soft hyphen is for a column's head.
            ("text", key) => Some(self.words.get(key)?.trim().replace('\u{ad}', "")),
            ("formula", name) => self.formula(name),
            ("default", name) => default(name),
            ("measured", method) => self.measured(method),
            ("glossary", "") => self.glossary(),
            _ => None,
        }
    }

    fn formula(&self, name: &str) -> Option<String> {
        let nodes = formula::nodes(self.formulas.get(name)?);
        Some(format!(
            "<div class=\"formula\" tabindex=\"0\" role=\"group\"><math display=\"block\">{}</math></div>",
            self.mathml(&nodes)
        ))
    }

    fn mathml(&self, nodes: &[formula::Node]) -> String {
        let is_high = nodes.iter().any(is_high);
        let one = |node: &formula::Node| {
            let text = formula::in_words(node, &self.help["in_formulas"]);
            // Where nothing is high, some fonts have none but much too high a bracket to stretch to.
            let flat = if !is_high && matches!(&*text, "(" | ")" | "|" | "∖") { " stretchy=\"false\"" } else { "" };
            format!("<{0}{flat}>{1}{2}</{0}>", node.tag, escaped(&text), self.mathml(&node.children))
        };
        nodes.iter().map(one).collect()
    }

    fn measured(&self, method: &str) -> Option<String> {
        let row = |name: &str| self.table["rows"].as_array()?.iter().find(|row| row["method"] == name);
        let figure = |row: &Value, name: &str| {
            row["figures"].as_array()?.iter().find(|figure| figure["figure"] == name)?["mean"].as_f64()
        };
        let (own, random) = (row(method)?, row("random")?);
        // A true minus sign, and none before nought.
        let number = |value: f64| format!("{value:.2}").replace("-0.00", "0.00").replace('-', "−");
        let percent = |value: f64| format!("{:.0}", value * 100.0);
        let values = [
            ("texts", self.table["texts"].to_string()),
            ("comprehensiveness", number(figure(own, "aopc_comprehensiveness")?)),
            ("random_comprehensiveness", number(figure(random, "aopc_comprehensiveness")?)),
            ("sufficiency", number(figure(own, "aopc_sufficiency")?)),
            ("random_sufficiency", number(figure(random, "aopc_sufficiency")?)),
            ("deletion", percent(figure(own, "deletion_better")?)),
            ("tau", number(figure(own, "tau_loo")?)),
            ("time", format!("{:.0}", figure(own, "time_ms")?)),
        ];
        let filled = values
            .iter()
            .fold(self.sentence.clone(), |text, (name, value)| text.replace(&format!("{{{name}}}"), value));
        Some(format!("<span class=\"measured\">{filled}</span>"))
    }

    fn glossary(&self) -> Option<String> {
        let mut written = String::new();
        for group in self.help["groups"].as_array()? {
            // Writing to a string cannot fail.
            let _ = writeln!(written, "## {}\n\n<dl class=\"glossary\">", group["title"].as_str()?);
            for name in group["entries"].as_array()? {
                let name = name.as_str()?;
                let entry = &self.help["entries"][name];
                let _ = write!(written, "<dt id=\"word_{name}\">{}</dt><dd>", marked(entry["title"].as_str()?));
                for paragraph in entry["text"].as_array()? {
                    let _ = write!(written, "<p>{}</p>", marked(paragraph.as_str()?));
                }
                if let Some(name) = entry["formula"].as_str() {
                    written.push_str(&self.formula(name)?);
                }
                for line in entry["where"].as_array().into_iter().flatten() {
                    let _ = write!(written, "<p class=\"where\">{}</p>", marked(line.as_str()?));
                }
                written.push_str("</dd>\n");
            }
            written.push_str("</dl>\n\n");
        }
        Some(written)
    }
}

/// A parameter where nobody says otherwise.
fn default(name: &str) -> Option<String> {
    let Parameters { baseline, steps, base, noise, evaluations, hierarchy, units, seed, .. } = Parameters::default();
    Some(match name {
        "baseline" => baseline.to_string(),
        "steps" => steps.to_string(),
        "base" => base.to_string(),
        "noise" => noise.to_string(),
        "evaluations" => evaluations.to_string(),
        "hierarchy" => hierarchy.to_string(),
        "units" => units.to_string(),
        "seed" => seed.to_string(),
        _ => return None,
    })
}

/// Whether brackets around it are to grow.
fn is_high(node: &formula::Node) -> bool {
    ["mfrac", "msqrt", "munder", "munderover"].contains(&node.tag) || node.children.iter().any(is_high)
}

/// A text of the help as markup: `*emphasis*` and `code` between backticks, all else is text.
fn marked(text: &str) -> String {
    let alternating = |text: &str, mark: char, tag: &str| -> String {
        let parts = text.split(mark).enumerate();
        parts.map(|(at, part)| if at % 2 == 1 { format!("<{tag}>{part}</{tag}>") } else { part.to_owned() }).collect()
    };
    alternating(&alternating(&escaped(text), '*', "em"), '`', "code")
}

fn escaped(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;")
}

fn parsed<T: serde::de::DeserializeOwned>(path: &Path) -> Result<T> {
    let text = fs::read_to_string(path).map_err(Error::io("read", path))?;
    serde_json::from_str(&text).map_err(|error| Error::Check(format!("{} can't be read: {error}.", path.display())))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sources() -> Sources {
        let root = Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap();
        Sources::read(root, "en").unwrap()
    }

    #[test]
    fn markers_are_the_words_numbers_and_formulas_of_the_program() {
        let sources = sources();
        let written = |text: &str| sources.written(text).unwrap();
        assert_eq!(written("Press {{say top.share}}."), "Press <b class=\"ui\">Share</b>.");
        assert_eq!(written("# {{text names.grad_x_input}} {#grad_x_input}"), "# Gradient × input {#grad_x_input}");
        assert_eq!(written("{{default steps}} {{default noise}}"), "50 10");
        assert!(
            written("{{formula grad_x_input}}")
                .contains("<math display=\"block\"><munder><mo>∑</mo><mi>d</mi></munder>")
        );
        assert!(written("{{formula lens}}").contains("<mo stretchy=\"false\">(</mo>"));
        assert!(written("{{formula attention}}").contains("<mo>(</mo>"));
        // LIME's comprehensiveness in docs/methods, and that of random orders.
        let measured = written("{{measured lime}}");
        assert!(measured.contains("0.54") && measured.contains("0.21") && !measured.contains('{'), "{measured}");
    }

    #[test]
    fn words_in_formulas_are_those_of_the_language() {
        let root = Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap();
        assert!(sources().formula("flow").unwrap().contains("<mtext>greatest flow</mtext>"));
        assert!(Sources::read(root, "zh").unwrap().formula("flow").unwrap().contains("<mtext>最大流</mtext>"));
    }

    #[test]
    fn what_is_not_there_is_said() {
        for bad in
            ["{{say no.such}}", "{{formula none}}", "{{default pace}}", "{{measured none}}", "{{shout}}", "{{say"]
        {
            assert!(sources().written(bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn the_glossary_has_every_entry_of_the_help() {
        let sources = sources();
        let glossary = sources.written("{{glossary}}").unwrap();
        for name in sources.help["entries"].as_object().unwrap().keys() {
            assert!(glossary.contains(&format!("id=\"word_{name}\"")), "{name}");
        }
        assert_eq!(marked("*this* `a<b`"), "<em>this</em> <code>a&lt;b</code>");
    }
}
