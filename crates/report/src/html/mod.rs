//! An explanation as one file: no script that runs, and nothing that is fetched from anywhere.

mod sections;

use std::fmt::Write as _;
use std::io::{self, Write};

use headlight_document::{Attention, Explanation};

use crate::texts::put;
use crate::{Texts, VERSION, escape, json};

const STYLE: &str = "body{font:16px/1.5 system-ui,sans-serif;max-width:52rem;margin:2rem auto;padding:0 1rem;color:#1a1c22;\
background:#fff}h1{line-height:1.2}h1,p,td{overflow-wrap:anywhere}h2{margin-top:2.2em;border-bottom:1px solid #ddd9d0}blockquote{margin:0;padding:.4rem .9rem;\
border-left:4px solid #b4730a;white-space:pre-wrap;overflow-wrap:anywhere}table{border-collapse:collapse}td,th{padding:.15rem .9rem .15rem 0;\
text-align:left;vertical-align:top;font-variant-numeric:tabular-nums}thead th{border-bottom:1px solid #ddd9d0}\
small,.note{color:#5c616c;font-size:.85rem}.wide{overflow:auto;max-height:30rem}.wide td,.wide th{white-space:nowrap}\
.mind{border-left:4px solid #b45309;padding-left:.7rem}figure{margin:1rem 0;overflow-x:auto}svg{display:block;width:100%;height:auto}\
pre{overflow:auto;background:#f6f4f0;padding:.8rem;font-size:.8rem}code{overflow-wrap:anywhere}summary{cursor:pointer}\
@media print{.wide{overflow:visible;max-height:none}figure div{min-width:0!important}}";

/// A report has at most this many attention weights as numbers: 2 MB.
pub const WEIGHTS: usize = 250_000;
/// A table has at most this many rows.
const ROWS: usize = 1000;
/// A drawing is made no narrower than this, in CSS pixels: it scrolls where there is less room.
const LEAST: f64 = 540.0;

/// How a page begins, its title as a heading included. It may fetch nothing and run nothing. `tag` is its language.
#[must_use]
pub fn head(title: &str, tag: &str) -> String {
    let (title, tag) = (escape(title), escape(tag));
    format!(
        "<!doctype html><html lang=\"{tag}\"><meta charset=\"utf-8\"><meta http-equiv=\"Content-Security-Policy\" \
         content=\"default-src 'none'; style-src 'unsafe-inline'; img-src data:\"><meta name=\"viewport\" \
         content=\"width=device-width, initial-scale=1\"><meta name=\"generator\" content=\"Headlight {VERSION}\">\
         <title>Headlight: {title}</title><style>{STYLE}</style><h1>{title}</h1>"
    )
}

/// A page in the making.
struct Page<'a> {
    markup: String,
    texts: Texts<'a>,
}

impl Page<'_> {
    fn raw(&mut self, markup: &str) {
        self.markup.push_str(markup);
    }

    /// An element with a text.
    fn add(&mut self, tag: &str, text: &str) {
        let (name, text) = (tag.split(' ').next().unwrap_or(tag), escape(text));
        // Writing to a string cannot fail.
        let _ = write!(self.markup, "<{tag}>{text}</{name}>");
    }

    /// An element with the text of a key.
    fn say(&mut self, tag: &str, key: &str) {
        let texts = self.texts;
        self.add(tag, texts.say(key));
    }

    /// A paragraph with the text of a key, whose values are bold.
    fn bold(&mut self, key: &str, values: [&str; 2]) {
        let [first, second] = values.map(|value| format!("<b>{}</b>", escape(value)));
        let said = put(&escape(self.texts.say(key)), &[&first, &second]);
        self.raw(&format!("<p>{said}</p>"));
    }

    /// A drawing: no wider than the page, and so wide that it can be read.
    fn figure(&mut self, drawing: &str) {
        let wide = drawing.split("width=\"").nth(1).and_then(|rest| rest.split('"').next()?.parse().ok());
        let wide: f64 = wide.unwrap_or(LEAST);
        self.raw(&format!("<figure><div style=\"max-width:{wide}px;min-width:{}px\">", wide.min(LEAST)));
        self.raw(drawing);
        self.raw("</div></figure>");
    }

    /// A table whose columns have the texts of these keys, folded away under that of a key where there is one.
    fn table(&mut self, summary: &str, heads: &[&str], rows: &mut dyn Iterator<Item = Vec<String>>) {
        let texts = self.texts;
        self.folded(if summary.is_empty() { "" } else { texts.say(summary) }, heads, rows);
    }

    /// A table whose columns have the texts of these keys, folded away under a summary where it has one.
    fn folded(&mut self, summary: &str, heads: &[&str], rows: &mut dyn Iterator<Item = Vec<String>>) {
        let mut rows = rows.peekable();
        if rows.peek().is_none() {
            return;
        }
        if !summary.is_empty() {
            self.raw("<details>");
            self.add("summary", summary);
        }
        self.raw("<div class=\"wide\"><table>");
        if !heads.is_empty() {
            self.raw("<thead><tr>");
            for head in heads {
                self.say("th scope=\"col\"", head);
            }
            self.raw("</tr></thead>");
        }
        self.raw("<tbody>");
        for row in rows.by_ref().take(ROWS) {
            self.raw("<tr>");
            for (at, cell) in row.iter().enumerate() {
                self.add(if at == 0 { "th scope=\"row\"" } else { "td" }, cell);
            }
            self.raw("</tr>");
        }
        self.raw("</tbody></table></div>");
        let more = rows.count();
        if more > 0 {
            self.add("p class=\"note\"", &self.texts.fill("more", &[&more]));
        }
        if !summary.is_empty() {
            self.raw("</details>");
        }
    }
}

/// Writes the report of a document. `date` is when it was made, where that is to be told; `library` has the entries of what is
/// cited ([`crate::cite::LIBRARY`]), `texts` the language.
///
/// # Errors
/// Those of `out`.
pub fn write(
    document: &Explanation,
    date: Option<&str>,
    library: &str,
    texts: Texts<'_>,
    out: &mut dyn Write,
) -> io::Result<()> {
    let title = texts.fill("title", &[&document.model.title]);
    let mut page = Page { markup: head(&title, texts.tag()), texts };
    sections::question(&mut page, document);
    sections::doubts(&mut page, document);
    for attribution in &document.attributions {
        sections::method(&mut page, document, attribution);
    }
    sections::agreement(&mut page, document);
    sections::answer(&mut page, document);
    sections::faithfulness(&mut page, document);
    if let Some(found) = document.heads() {
        sections::heads(&mut page, document, &found);
    }
    for attention in &document.attention {
        sections::maps(&mut page, document, attention);
    }
    sections::how(&mut page, document, date, library);
    out.write_all(page.markup.as_bytes())?;
    out.write_all(b"<script type=\"application/json\" id=\"document\">")?;
    let guarded = &mut Guarded(out);
    if weights(document) > WEIGHTS {
        json(&without_weights(document), guarded)?;
    } else {
        json(document, guarded)?;
    }
    out.write_all(b"</script></html>\n")
}

/// JSON that no element can end before its end: strings alone can hold a `<`, and there it can be written otherwise.
struct Guarded<'a>(&'a mut dyn Write);

impl Write for Guarded<'_> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        for (at, part) in bytes.split(|byte| *byte == b'<').enumerate() {
            if at > 0 {
                self.0.write_all(b"\\u003c")?;
            }
            self.0.write_all(part)?;
        }
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        self.0.flush()
    }
}

/// How many attention weights a document has as numbers.
fn weights(document: &Explanation) -> usize {
    let of = |one: &Attention| {
        one.values.as_ref().map_or(0, Vec::len) + one.overview.as_ref().map_or(0, |small| small.values.len())
    };
    document.attention.iter().map(of).sum()
}

/// The document with no weights: each field by itself, so that what is left out is not copied first.
fn without_weights(document: &Explanation) -> Explanation {
    let attention = |one: &Attention| Attention { values: None, overview: None, summary: one.summary.clone(), ..*one };
    Explanation {
        schema: document.schema.clone(),
        model: document.model.clone(),
        input: document.input.clone(),
        output: document.output.clone(),
        target: document.target.clone(),
        attributions: document.attributions.clone(),
        agreement: document.agreement.clone(),
        faithfulness: document.faithfulness.clone(),
        layers: document.layers.clone(),
        heads: document.heads.clone(),
        changed: document.changed.clone(),
        written: document.written.clone(),
        attention: document.attention.iter().map(attention).collect(),
        warnings: document.warnings.clone(),
        timing_ms: document.timing_ms.clone(),
        request: document.request.clone(),
    }
}
