//! The table over all texts, for a terminal and as a page.

use std::fmt::Write;

use headlight_report::html::head;
use headlight_report::{Texts, escape};

use super::summary::{Entry, Figure, Finished, RANDOM, Row};

/// The columns that any row has.
fn columns(finished: &Finished) -> Vec<Figure> {
    let has = |figure: &Figure| finished.rows.iter().any(|row| row.figures.iter().any(|entry| entry.figure == *figure));
    Figure::ALL.into_iter().filter(has).collect()
}

fn cell(row: &Row, figure: Figure) -> String {
    let Some(Entry { mean, half_width, .. }) = row.figures.iter().find(|entry| entry.figure == figure) else {
        return "–".to_owned();
    };
    let decimals = if figure == Figure::TimeMs { 1 } else { 3 };
    match half_width {
        Some(width) => format!("{mean:.decimals$} ± {width:.decimals$}"),
        None => format!("{mean:.decimals$}"),
    }
}

/// What the table says of itself.
fn notes(finished: &Finished) -> Vec<String> {
    let mut notes = vec![format!(
        "{}: means over {} texts with their 95 % intervals; {} could not be answered.",
        finished.model, finished.texts, finished.failed
    )];
    match finished.rationale {
        Some("lexicon") => notes.push(
            "Plausibility is held against a lexicon's valences: a proxy for what a person would mark, no more."
                .to_owned(),
        ),
        Some(_) => notes.push("Plausibility is held against what a person marked.".to_owned()),
        None => {}
    }
    for row in finished.rows.iter().filter(|row| row.distrusted > 0) {
        notes.push(format!("{}: not to be trusted on {} of {} texts.", row.title, row.distrusted, finished.texts));
    }
    notes
}

/// For a terminal.
pub fn text(finished: &Finished) -> String {
    let columns = columns(finished);
    let mut table: Vec<Vec<String>> = Vec::new();
    table.push(std::iter::once(String::new()).chain(columns.iter().map(|figure| figure.title().to_owned())).collect());
    for row in &finished.rows {
        table.push(std::iter::once(row.title.clone()).chain(columns.iter().map(|figure| cell(row, *figure))).collect());
    }
    let width = |column: usize| {
        table.iter().filter_map(|row| row.get(column)).map(|cell| cell.chars().count()).max().unwrap_or(0)
    };
    let widths: Vec<usize> = (0..=columns.len()).map(width).collect();
    let mut text = String::new();
    for row in &table {
        let cells: Vec<String> = row
            .iter()
            .zip(&widths)
            .map(|(cell, width)| format!("{cell}{}", " ".repeat(width - cell.chars().count())))
            .collect();
        // Writing to a string cannot fail.
        let _ = writeln!(text, "{}", cells.join("  ").trim_end());
    }
    if !finished.agreement.is_empty() {
        text.push_str("\nAgreement (Spearman's ρ)\n");
        for pair in &finished.agreement {
            let width = pair.half_width.map(|width| format!(" ± {width:.3}")).unwrap_or_default();
            let _ = writeln!(text, "  {:6.3}{width}  {} and {}", pair.spearman, pair.methods[0], pair.methods[1]);
        }
    }
    text.push('\n');
    for note in notes(finished) {
        let _ = writeln!(text, "{note}");
    }
    text
}

/// For a document: the table, agreement, and what the table says of itself.
pub fn markdown(finished: &Finished) -> String {
    let columns = columns(finished);
    let mut text = String::from("|");
    for figure in &columns {
        let _ = write!(text, " | {}", figure.title());
    }
    text.push_str(" |\n| ---");
    text.push_str(&" | ---:".repeat(columns.len()));
    text.push_str(" |\n");
    for row in &finished.rows {
        let _ = write!(text, "| {}", row.title);
        for figure in &columns {
            let _ = write!(text, " | {}", cell(row, *figure));
        }
        text.push_str(" |\n");
    }
    for note in notes(finished) {
        let _ = write!(text, "\n{note}\n");
    }
    if !finished.agreement.is_empty() {
        text.push_str("\n| Spearman’s ρ |");
        let methods: Vec<&Row> = finished.rows.iter().filter(|row| row.method != RANDOM).collect();
        let _ = write!(text, "{}\n| --- |{}\n", titles(methods.iter().skip(1)), " ---: |".repeat(methods.len() - 1));
        for (place, row) in methods.iter().enumerate().take(methods.len() - 1) {
            let _ = write!(text, "| {} |", row.title);
            for (other, column) in methods.iter().enumerate().skip(1) {
                let pair = finished.agreement.iter().find(|pair| pair.methods.iter().eq([&row.method, &column.method]));
                match pair.filter(|_| other > place) {
                    Some(pair) => {
                        let _ = write!(text, " {:.2} |", pair.spearman);
                    }
                    None => text.push_str("  |"),
                }
            }
            text.push('\n');
        }
    }
    text
}

fn titles<'a>(rows: impl Iterator<Item = &'a &'a Row>) -> String {
    rows.map(|row| format!(" {} |", row.title)).collect()
}

/// As one self-contained page: no script, no network.
pub fn page(finished: &Finished) -> String {
    let columns = columns(finished);
    let mut page = head(&finished.model, Texts::english().tag());
    page.push_str("<div class=\"wide\"><table><tr><th>");
    for figure in &columns {
        let _ = write!(page, "<th>{}", figure.title());
    }
    for row in &finished.rows {
        let _ = write!(page, "<tr><th>{}", row.title);
        for figure in &columns {
            let _ = write!(page, "<td>{}", cell(row, *figure));
        }
    }
    page.push_str("</table></div>");
    if !finished.agreement.is_empty() {
        page.push_str("<h2>Agreement (Spearman’s ρ)</h2><table>");
        for pair in &finished.agreement {
            let _ = write!(page, "<tr><td>{:.3}<td>{} and {}", pair.spearman, pair.methods[0], pair.methods[1]);
        }
        page.push_str("</table>");
    }
    for note in notes(finished) {
        let _ = write!(page, "<p>{}</p>", escape(&note));
    }
    page.push_str("</html>\n");
    page
}
