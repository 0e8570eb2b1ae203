//! What is saved: the whole explanation in its several forms, and files of drawings.

use std::io::{self, Write};
use std::sync::Arc;

use headlight_document::{Explanation, Wrote};
use headlight_report::{cite, csv, html};
use leptos::prelude::*;

use super::App;
use crate::browser::{self, Download};
use crate::locale::{fill, of_reports, say};
use crate::state::compare::Compared;
use crate::state::whole::whole;

/// How much larger a saved picture is than its drawing.
const LARGER: f64 = 2.0;
/// What lies beside the page with the entries of what is cited.
const LIBRARY: &str = "references.bib";

/// As what the explanation is saved.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Form {
    /// The document.
    Json,
    /// Every number as a table.
    Csv,
    /// The report.
    Html,
    /// The paragraph for a paper.
    Methods,
    /// What that paragraph cites.
    Bibtex,
}

impl App {
    /// The explanation on the page with all that was found out about the same number beside it.
    pub fn whole(self) -> Arc<Explanation> {
        let about = |answer: RwSignal<Option<Compared>>| {
            let answer = answer.get_untracked()?;
            self.shown.with_untracked(|shown| shown.is_about(&answer.request)).then_some(answer.document)
        };
        let shown = self.shown.with_untracked(|shown| Arc::clone(&shown.document));
        let mut whole =
            whole(shown, about(self.compared).as_deref(), [self.headed, self.layered, self.changed].map(about));
        if let Some(wrote) = self.wrote(&whole) {
            Arc::make_mut(&mut whole).written = Some(Box::new(wrote));
        }
        whole
    }

    /// What the model wrote after a document's text.
    pub(super) fn wrote(self, document: &Explanation) -> Option<Wrote> {
        self.writing.with_untracked(|writing| writing.wrote(&document.model.id, &document.input.text))
    }

    /// The explanation in one of its forms, put on the clipboard or saved; what there is to say of it.
    pub async fn publish(self, form: Form, copies: bool) -> String {
        let document = self.whole();
        let date = browser::today();
        let library = match form {
            Form::Html | Form::Bibtex => match self.library().await {
                Ok(library) => library,
                Err(why) => return why,
            },
            _ => String::new(),
        };
        let mut write = |out: &mut dyn Write| match form {
            Form::Json => headlight_report::json(&document, out),
            Form::Csv => csv::write(&document, out),
            Form::Html => html::write(&document, Some(&date), &library, of_reports(), out),
            Form::Methods => out.write_all(cite::paragraph(&document, of_reports()).as_bytes()),
            Form::Bibtex => out.write_all(cite::bibtex(&document, date.get(..4), &library).as_bytes()),
        };
        if copies {
            let mut text = Vec::new();
            // Writing to memory cannot fail.
            let _ = write(&mut text);
            let is_copied = browser::copy(&String::from_utf8_lossy(&text)).await;
            return say(if is_copied { "share.copied" } else { "save.not_copied" }).to_owned();
        }
        let (ending, kind) = match form {
            Form::Json => ("json", "application/json"),
            Form::Csv => ("csv", "text/csv"),
            Form::Html => ("html", "text/html"),
            Form::Methods => ("methods.txt", "text/plain"),
            Form::Bibtex => ("references.bib", "text/plain"),
        };
        self.save_as(&document, ending, kind, &mut write)
    }

    /// The entries of what is cited. They are fetched once.
    async fn library(self) -> Result<String, String> {
        let known = self.library.get_value();
        if !known.is_empty() {
            return Ok(known);
        }
        let failed = |why: String| fill("save.no_library", &[&why]);
        let address = browser::beside(LIBRARY).ok_or_else(|| failed(say("app.no_address").to_owned()))?;
        let library = browser::fetch_text(&address).await.map_err(failed)?;
        self.library.set_value(library.clone());
        Ok(library)
    }

    /// Fetches them beforehand.
    pub fn fetch_library(self) {
        leptos::task::spawn_local(async move {
            // Where it fails, that is said when they are asked for.
            let _ = self.library().await;
        });
    }

    /// Saves a drawing as a picture.
    pub async fn save_picture(self, document: Arc<Explanation>, name: String, svg: String) -> String {
        match browser::picture(&svg, LARGER).await {
            Some(picture) => told(browser::save(&picture, &named(&document, &name)).is_ok(), &named(&document, &name)),
            None => say("save.no_picture").to_owned(),
        }
    }

    /// Saves something of a document under a name that says which text and model it is of; what there is to say of it.
    pub fn save_as(
        self,
        document: &Explanation,
        ending: &str,
        kind: &str,
        write: &mut dyn FnMut(&mut dyn Write) -> io::Result<()>,
    ) -> String {
        let name = named(document, ending);
        let mut file = Download::new();
        let saved = write(&mut file).is_ok() && file.flush().is_ok() && file.save(&name, kind).is_ok();
        told(saved, &name)
    }

    /// Like [`App::save_as`], where only what went wrong is said: by the page.
    pub(super) fn save_or_say(
        self,
        document: &Explanation,
        ending: &str,
        kind: &str,
        write: &mut dyn FnMut(&mut dyn Write) -> io::Result<()>,
    ) {
        let said = self.save_as(document, ending, kind, write);
        if said == say("app.not_saved") {
            self.notice.set(Some(said));
        }
    }
}

fn told(is_saved: bool, name: &str) -> String {
    if is_saved { fill("save.saved", &[&name]) } else { say("app.not_saved").to_owned() }
}

// A file's name.
fn named(document: &Explanation, ending: &str) -> String {
    let gap = if ending.contains('.') { '-' } else { '.' };
    let (model, text) = (words(&document.model.id), words(&document.input.text));
    format!("headlight-{model}-{text}{gap}{ending}")
}

// The first words of a text, as a part of a file's name.
fn words(text: &str) -> String {
    let words: Vec<String> = text
        .split(|c: char| !c.is_alphanumeric())
        .filter(|word| !word.is_empty())
        .take(5)
        .map(|word| word.chars().take(20).collect::<String>().to_ascii_lowercase())
        .collect();
    if words.is_empty() { "text".to_owned() } else { words.join("-") }
}
