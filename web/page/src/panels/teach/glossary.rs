//! What everything on the page is, in plain words, each with its formula.

use leptos::html::Dialog;
use leptos::prelude::*;
use serde_json::Value;
use web_sys::Element;

use super::Teach;
use crate::locale::say;
use crate::panels::parts::{Part, changing, written};
use crate::state::formula::{Node, in_words, nodes};
use crate::state::lesson::markup::runs;

impl Teach {
    /// Opens the glossary at an entry; at its list where there is none of that name.
    pub(super) fn explain(self, entry: &str) {
        self.need_texts();
        self.entry.set(Some(entry.to_owned()));
    }
}

/// Adds a paragraph with its little markup. Text is text, whatever it says.
pub(super) fn add_paragraph(part: &Part, class: &str, paragraph: &str) {
    let written = part.add("p", &[("class", class)], "");
    for run in runs(paragraph) {
        if run.tag.is_empty() {
            written.say(run.text);
        } else {
            written.add(run.tag, &[], run.text);
        }
    }
}

/// Adds a formula; `words` are a language's own for those in it.
pub(super) fn add_formula(part: &Part, formula: &Value, words: &Value) {
    const MATH: &str = "http://www.w3.org/1998/Math/MathML";
    fn put(parent: &Element, nodes: &[Node], words: &Value) {
        for node in nodes {
            let Ok(element) = document().create_element_ns(Some(MATH), node.tag) else { continue };
            if !node.text.is_empty() {
                element.set_text_content(Some(&in_words(node, words)));
            }
            put(&element, &node.children, words);
            let _ = parent.append_child(&element);
        }
    }
    let frame = part.add("div", &[("class", "formula"), ("tabindex", "0"), ("role", "group")], "");
    let row = Node { tag: "mrow", text: String::new(), children: nodes(formula) };
    if let Ok(math) = document().create_element_ns(Some(MATH), "math") {
        let _ = math.set_attribute("display", "block");
        put(&math, &[row], words);
        frame.append(&math);
    }
}

fn title_of<'a>(texts: &'a Value, entry: &str) -> Option<&'a str> {
    texts["entries"][entry]["title"].as_str()
}

fn paragraphs(value: &Value) -> impl Iterator<Item = &str> {
    value.as_array().into_iter().flatten().filter_map(Value::as_str)
}

fn add_entry(part: &Part, texts: &Value, formulas: &Value, key: &str) {
    let entry = &texts["entries"][key];
    let written = part.add("section", &[("data-testid", "entry"), ("data-entry", key)], "");
    written.add("h3", &[("tabindex", "-1"), ("id", "entry-title")], entry["title"].as_str().unwrap_or_default());
    for paragraph in paragraphs(&entry["text"]) {
        add_paragraph(&written, "", paragraph);
    }
    if let Some(formula) = entry["formula"].as_str().map(|name| &formulas[name]).filter(|formula| !formula.is_null()) {
        let details = written.add("details", &[("class", "formula-fold"), ("data-testid", "formula")], "");
        details.add("summary", &[], say("teach.formula"));
        add_formula(&details, formula, &texts["in_formulas"]);
        for line in paragraphs(&entry["where"]) {
            add_paragraph(&details, "caption", line);
        }
    }
    let see: Vec<&str> = paragraphs(&entry["see"]).collect();
    if !see.is_empty() {
        let line = written.add("p", &[("class", "see")], say("teach.see"));
        for key in see {
            add_link(&line, texts, key);
        }
    }
}

fn add_link(part: &Part, texts: &Value, key: &str) {
    if let Some(title) = title_of(texts, key) {
        part.say(" ");
        part.add("button", &[("type", "button"), ("class", "link"), ("data-explain", key)], title);
    }
}

/// The dialog.
pub(super) fn dialog(teach: Teach) -> AnyView {
    let node = NodeRef::<Dialog>::new();
    let wanted = RwSignal::new(String::new());
    Effect::new(move |_| {
        let is_wanted = teach.entry.with(Option::is_some);
        let Some(dialog) = node.get() else { return };
        if is_wanted && !dialog.open() {
            // It fails only where the dialog is open already.
            let _ = dialog.show_modal();
        } else if !is_wanted && dialog.open() {
            dialog.close();
        }
    });
    let shown = written("", move |part| {
        let Some(key) = teach.entry.get() else { return };
        let there = teach.read(|texts, formulas| {
            if title_of(texts, &key).is_some() {
                add_entry(part, texts, formulas, &key);
            }
        });
        if there.is_none() {
            part.add("p", &[("role", "status")], say("teach.loading"));
        }
    });
    let list = written("terms", move |part| {
        if teach.entry.with(Option::is_none) {
            return;
        }
        let wanted = wanted.with(|wanted| wanted.trim().to_lowercase());
        teach.read(|texts, _| {
            for group in texts["groups"].as_array().into_iter().flatten() {
                let has = |key: &&str| {
                    let title = title_of(texts, key).unwrap_or_default().to_lowercase();
                    wanted.is_empty() || title.contains(&wanted) || key.contains(&*wanted)
                };
                let keys: Vec<&str> = paragraphs(&group["entries"]).filter(has).collect();
                if !keys.is_empty() {
                    part.add("h4", &[], group["title"].as_str().unwrap_or_default());
                    let line = part.add("p", &[], "");
                    keys.iter().for_each(|key| add_link(&line, texts, key));
                }
            }
        });
    });
    let close = move || teach.entry.set(None);
    view! {
        <dialog
            node_ref=node
            class="help glossary"
            data-testid="glossary"
            aria-labelledby="glossary-title"
            on:close=move |_| close()
        >
            <div class="panel-head">
                <h2 id="glossary-title">{say("teach.title")}</h2>
                {super::sign("glossary-close", "✕", say("teach.close"), close)}
            </div>
            <div aria-live="polite">{shown}</div>
            {changing(move || {
                teach.texts.with(Option::is_some).then(|| {
                    view! {
                        <label class="term-search">
                            <span>{say("teach.find")}</span>
                            <input
                                type="search"
                                data-testid="glossary-find"
                                prop:value=wanted
                                on:input=move |event| wanted.set(event_target_value(&event))
                            />
                        </label>
                    }
                    .into_any()
                })
            })}
            {list}
        </dialog>
    }
    .into_any()
}
