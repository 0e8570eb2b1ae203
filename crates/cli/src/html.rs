//! An explanation as one self-contained page: no script, no network.

use std::fmt::Write;

use headlight_document::{Attribution, Explanation};

use crate::format::checks;

const STYLE: &str = "body{font:16px/1.5 system-ui,sans-serif;max-width:46rem;margin:2rem auto;padding:0 1rem;\
color:#1b1f24;background:#fff}p.text{font-size:1.2rem;line-height:2;white-space:pre-wrap}\
span{border-radius:.2rem;padding:.15rem 0}table{border-collapse:collapse}td,th{padding:.1rem .8rem .1rem 0;\
text-align:left;font-variant-numeric:tabular-nums}small{color:#57606a}.wide{overflow-x:auto}.wide td,.wide th{white-space:nowrap}";

/// How a page begins, its title as a heading included.
pub fn head(title: &str) -> String {
    let title = escape(title);
    format!(
        "<!doctype html><html lang=\"en\"><meta charset=\"utf-8\"><meta name=\"viewport\" content=\"width=device-width\">\
         <title>Headlight: {title}</title><style>{STYLE}</style><h1>{title}</h1>"
    )
}

/// Writes the page.
pub fn page(explanation: &Explanation) -> String {
    let (model, target) = (&explanation.model, &explanation.target);
    let mut page = head(&model.title);
    // Writing to a string cannot fail.
    let _ = write!(
        page,
        "<p>Target <b>{token}</b> as {read}: {value:.4}</p>",
        token = escape(&target.text),
        read = target.read,
        value = target.value,
    );
    for attribution in &explanation.attributions {
        let _ = write!(page, "<h2>{}</h2>", attribution.method.title());
        coloured(&mut page, explanation, attribution);
        for line in checks(attribution) {
            let _ = write!(page, "<p><small>{}</small></p>", escape(&line));
        }
    }
    if !explanation.output.top.is_empty() {
        page.push_str("<h2>Most probable next tokens</h2><table><tr><th>Token<th>Probability<th>Logit");
        for candidate in &explanation.output.top {
            let (text, percent, logit) = (escape(&candidate.text), candidate.prob * 100.0, candidate.logit);
            let _ = write!(page, "<tr><td><code>{text}</code><td>{percent:.2} %<td>{logit:.3}");
        }
        page.push_str("</table>");
    }
    for warning in &explanation.warnings {
        let _ = write!(page, "<p><strong>Mind:</strong> {}</p>", escape(warning));
    }
    let _ = writeln!(
        page,
        "<p><small>{} · sha256 {} · {} · {}</small></p></html>",
        escape(&model.id),
        escape(&model.sha256),
        escape(&model.license),
        escape(&model.device)
    );
    page
}

fn coloured(page: &mut String, explanation: &Explanation, attribution: &Attribution) {
    let greatest = attribution.values.iter().fold(f64::MIN_POSITIVE, |greatest, value| greatest.max(value.abs()));
    page.push_str("<p class=\"text\">");
    for (token, value) in explanation.input.tokens.iter().zip(&attribution.values) {
        // Blue and orange can be told apart by nearly everyone; the page uses them the same way.
        let colour = if *value < 0.0 { "230,120,0" } else { "0,114,178" };
        let share = value.abs() / greatest;
        let text = escape(&token.text);
        let _ = write!(page, "<span style=\"background:rgba({colour},{share:.3})\" title=\"{value:.5}\">{text}</span>");
    }
    let _ = write!(
        page,
        "</p><p><small>Full colour is ±{greatest:.4}; blue speaks for the target, orange against it.</small></p>"
    );
}

pub fn escape(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len());
    for character in text.chars() {
        match character {
            '&' => escaped.push_str("&amp;"),
            '<' => escaped.push_str("&lt;"),
            '>' => escaped.push_str("&gt;"),
            '"' => escaped.push_str("&quot;"),
            character => escaped.push(character),
        }
    }
    escaped
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn text_cannot_become_markup() {
        assert_eq!(escape("<img src=\"x\" onerror=1>&"), "&lt;img src=&quot;x&quot; onerror=1&gt;&amp;");
    }
}
