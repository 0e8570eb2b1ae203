//! Every number of a document with comma-separated columns (RFC 4180), as a table that any statistics program reads.
//!
//! Numbers have all their digits. A text that a spreadsheet would take for a formula (it begins with `=`, `+`, `-`, `@`, a tab or
//! the end of a line) has a `'` before it and stands in quotes.

mod wrote;

use std::fmt::Display;
use std::io::{self, Write};

use headlight_document::{
    Attention, AttentionKind, Band, Candidate, Curve, Explanation, HeadProfile, HeadValues, Heads, Profile,
};

/// A cell of text.
#[must_use]
pub fn text(text: &str) -> String {
    let is_formula = text.starts_with(['=', '+', '-', '@', '\t', '\r', '\n']);
    let is_plain = !is_formula && !text.contains(['"', ',', '\r', '\n']) && text.trim() == text;
    if is_plain {
        return text.to_owned();
    }
    format!("\"{}{}\"", if is_formula { "'" } else { "" }, text.replace('"', "\"\""))
}

/// A row of cells: numbers, and texts that [`text`] has made safe.
#[must_use]
pub fn row(cells: &[String]) -> String {
    cells.join(",") + "\r\n"
}

/// A table: what its columns are called, and its rows.
#[must_use]
pub fn table(heads: &[&str], rows: &mut dyn Iterator<Item = Vec<String>>) -> String {
    rows.fold(heads.join(",") + "\r\n", |table, cells| table + &row(&cells))
}

/// Adds a row of cells: numbers, and texts that [`text`] has made safe. What is none or no number is an empty cell.
pub fn line(table: &mut String, cells: &[&dyn Cell]) {
    for (at, cell) in cells.iter().enumerate() {
        if at > 0 {
            table.push(',');
        }
        cell.put(table);
    }
    table.push_str("\r\n");
}

/// What stands in a cell.
pub trait Cell {
    /// Writes it.
    fn put(&self, table: &mut String);
}

/// A text, as [`text`] has it.
impl Cell for String {
    fn put(&self, table: &mut String) {
        table.push_str(self);
    }
}

impl Cell for usize {
    fn put(&self, table: &mut String) {
        table.push_str(&self.to_string());
    }
}

impl Cell for f64 {
    fn put(&self, table: &mut String) {
        if self.is_finite() {
            table.push_str(&self.to_string());
        }
    }
}

impl Cell for Option<usize> {
    fn put(&self, table: &mut String) {
        if let Some(number) = self {
            number.put(table);
        }
    }
}

impl Cell for Option<f64> {
    fn put(&self, table: &mut String) {
        if let Some(number) = self {
            number.put(table);
        }
    }
}

/// One number for each token, and for each that was written before the target.
#[must_use]
pub fn column(document: &Explanation, name: &str, values: &[f64]) -> String {
    let mut csv = format!("token,text,start,end,{name}\r\n");
    let input = document.input.tokens.iter().map(|token| (&token.text, format!("{},{}", token.start, token.end)));
    let written = document.output.tokens.iter().map(|token| (&token.text, ",".to_owned()));
    for (at, ((piece, place), value)) in input.chain(written).zip(values).enumerate() {
        csv.push_str(&format!("{at},{},{place},{value}\r\n", text(piece)));
    }
    csv
}

/// Every weight of one attention of a document, and each head's figures, as [`write`] has them.
#[must_use]
pub fn attention(document: &Explanation, attention: &Attention) -> String {
    let mut bytes = Vec::new();
    // Writing to memory cannot fail.
    let _ = bytes.write_all(HEADS);
    let _ = Sheet { out: &mut bytes, document }.attention(attention);
    String::from_utf8_lossy(&bytes).into_owned()
}

/// Every method's value of every token, a column a method.
#[must_use]
pub fn values(document: &Explanation) -> String {
    let mut csv = "token,text,start,end".to_owned();
    for attribution in &document.attributions {
        csv.push(',');
        csv.push_str(attribution.method.name());
    }
    for (at, token) in document.input.tokens.iter().enumerate() {
        csv.push_str(&format!("\r\n{at},{},{},{}", text(&token.text), token.start, token.end));
        for attribution in &document.attributions {
            csv.push(',');
            if let Some(value) = attribution.values.get(at) {
                csv.push_str(&value.to_string());
            }
        }
    }
    csv.push_str("\r\n");
    csv
}

/// A map of numbers: a row of names, and a row for each name with its numbers.
#[must_use]
pub fn map(corner: &str, rows: &[String], columns: &[String], values: &[f64]) -> String {
    let names = std::iter::once(corner.to_owned()).chain(columns.iter().map(|name| text(name)));
    let mut csv = row(&names.collect::<Vec<_>>());
    for (name, values) in rows.iter().zip(values.chunks(columns.len().max(1))) {
        csv.push_str(&text(name));
        for value in values {
            csv.push(',');
            // What is not there has an empty cell.
            if value.is_finite() {
                csv.push_str(&value.to_string());
            }
        }
        csv.push_str("\r\n");
    }
    csv
}

const HEADS: &[u8] = b"table,name,kind,layer,head,query,key,token,start,end,text,value\r\n";

/// What a number is of. Columns that do not bear on it are empty.
#[derive(Clone, Copy, Default)]
struct Of<'a> {
    name: &'a str,
    kind: Option<AttentionKind>,
    layer: Option<usize>,
    head: Option<usize>,
    query: Option<usize>,
    key: Option<usize>,
    token: Option<usize>,
    text: &'a str,
}

struct Sheet<'a> {
    out: &'a mut dyn Write,
    document: &'a Explanation,
}

fn kind(kind: AttentionKind) -> &'static str {
    match kind {
        AttentionKind::SelfAttention => "self",
        AttentionKind::Encoder => "encoder",
        AttentionKind::Cross => "cross",
    }
}

impl Sheet<'_> {
    fn put(&mut self, table: &str, of: Of<'_>, value: &dyn Display) -> io::Result<()> {
        let out = &mut *self.out;
        write!(out, "{table},{},{}", text(of.name), of.kind.map_or("", kind))?;
        for place in [of.layer, of.head, of.query, of.key, of.token] {
            match place {
                Some(place) => write!(out, ",{place}")?,
                None => out.write_all(b",")?,
            }
        }
        let token = of.token.and_then(|at| self.document.input.tokens.get(at));
        match token {
            Some(token) => write!(out, ",{},{},{}", token.start, token.end, text(&token.text))?,
            None => write!(out, ",,,{}", text(of.text))?,
        }
        write!(out, ",{value}\r\n")
    }

    /// Numbers of which there may be none.
    fn maybe(&mut self, table: &str, of: Of<'_>, value: Option<f64>) -> io::Result<()> {
        match value {
            Some(value) => self.put(table, of, &value),
            None => Ok(()),
        }
    }

    /// One number a token; what was written counts on behind the input.
    fn by_token(&mut self, table: &str, of: Of<'_>, values: &[f64]) -> io::Result<()> {
        for (at, value) in values.iter().enumerate() {
            self.put(table, Of { token: Some(at), ..of }, value)?;
        }
        Ok(())
    }

    /// One number for each count, from 0.
    fn by_count(&mut self, table: &str, name: &str, values: &[f64]) -> io::Result<()> {
        for (at, value) in values.iter().enumerate() {
            self.put(table, Of { name, text: &at.to_string(), ..Of::default() }, value)?;
        }
        Ok(())
    }

    fn candidates(&mut self, table: &str, all: &[Candidate]) -> io::Result<()> {
        for candidate in all {
            self.put(table, Of { name: "logit", text: &candidate.text, ..Of::default() }, &candidate.logit)?;
            self.put(table, Of { name: "prob", text: &candidate.text, ..Of::default() }, &candidate.prob)?;
        }
        Ok(())
    }

    fn by_head(&mut self, table: &str, name: &str, all: &[HeadValues]) -> io::Result<()> {
        for one in all {
            for (at, value) in one.values.iter().enumerate() {
                let heads = one.heads.max(1);
                let of =
                    Of { name, kind: Some(one.kind), layer: Some(at / heads), head: Some(at % heads), ..Of::default() };
                self.put(table, of, value)?;
            }
        }
        Ok(())
    }

    fn by_layer(&mut self, table: &str, name: &str, kind: Option<AttentionKind>, values: &[f64]) -> io::Result<()> {
        for (layer, value) in values.iter().enumerate() {
            self.put(table, Of { name, kind, layer: Some(layer), ..Of::default() }, value)?;
        }
        Ok(())
    }

    fn attention(&mut self, attention: &Attention) -> io::Result<()> {
        let (table, rows, columns, values) = match (&attention.values, &attention.overview) {
            (Some(values), _) => ("attention", attention.rows, attention.columns, values),
            (None, Some(small)) => ("attention_small", small.rows, small.columns, &small.values),
            (None, None) => ("attention", 0, 0, &Vec::new()),
        };
        let of = Of { kind: Some(attention.kind), ..Of::default() };
        let heads = attention.heads.max(1);
        for (map, weights) in values.chunks_exact(rows.saturating_mul(columns).max(1)).enumerate() {
            for (at, weight) in weights.iter().enumerate() {
                let (query, key) = (at / columns.max(1), at % columns.max(1));
                // What a token cannot see has no weight.
                if attention.kind == AttentionKind::SelfAttention && key > query {
                    continue;
                }
                let place =
                    Of { layer: Some(map / heads), head: Some(map % heads), query: Some(query), key: Some(key), ..of };
                self.put(table, place, weight)?;
            }
        }
        let Some(summary) = &attention.summary else { return Ok(()) };
        let figures = [
            ("entropy", &summary.entropy),
            ("distance", &summary.distance),
            ("peak", &summary.peak),
            ("alignment", &summary.alignment),
        ];
        for (name, values) in figures {
            for (at, value) in values.iter().enumerate() {
                self.put(
                    "attention_summary",
                    Of { name, layer: Some(at / heads), head: Some(at % heads), ..of },
                    value,
                )?;
            }
        }
        for (key, value) in summary.received.iter().enumerate() {
            self.put("attention_summary", Of { name: "received", key: Some(key), ..of }, value)?;
        }
        Ok(())
    }

    fn profiles(&mut self, table: &str, profiles: &[Profile]) -> io::Result<()> {
        for profile in profiles {
            for (at, head) in profile.values.iter().enumerate() {
                let heads = profile.heads.max(1);
                let of =
                    Of { kind: Some(profile.kind), layer: Some(at / heads), head: Some(at % heads), ..Of::default() };
                for (name, value) in figures(head) {
                    self.maybe(table, Of { name, ..of }, value)?;
                }
            }
        }
        Ok(())
    }

    fn curve(&mut self, method: &str, name: &str, curve: &Curve) -> io::Result<()> {
        self.by_count(name, method, &curve.values)?;
        let (area, rank) = (format!("{name}_area"), format!("{name}_better_than"));
        self.put("faithfulness", Of { name: method, text: &area, ..Of::default() }, &curve.area)?;
        self.put("faithfulness", Of { name: method, text: &rank, ..Of::default() }, &curve.better_than)
    }

    fn band(&mut self, name: &str, band: &Band) -> io::Result<()> {
        for (which, values) in
            [("random_least", &band.least), ("random_mean", &band.mean), ("random_greatest", &band.greatest)]
        {
            self.by_count(name, which, values)?;
        }
        self.by_count(&format!("{name}_area"), "random", &band.areas)
    }

    fn faithfulness(&mut self) -> io::Result<()> {
        let Some(found) = &self.document.faithfulness else { return Ok(()) };
        self.put("faithfulness", Of { text: "value", ..Of::default() }, &found.value)?;
        self.put("faithfulness", Of { text: "empty_value", ..Of::default() }, &found.empty_value)?;
        for one in &found.methods {
            let method = one.method.name();
            for (name, curve) in [("deletion", &one.deletion), ("insertion", &one.insertion)] {
                if let Some(curve) = curve {
                    self.curve(method, name, curve)?;
                }
            }
            let of = |text| Of { name: method, text, ..Of::default() };
            if let Some(erasure) = &one.erasure {
                for (name, values) in
                    [("comprehensiveness", &erasure.comprehensiveness), ("sufficiency", &erasure.sufficiency)]
                {
                    for (tenth, value) in erasure.tenths.iter().zip(values) {
                        self.put(name, Of { name: method, text: &tenth.to_string(), ..Of::default() }, value)?;
                    }
                }
                self.maybe("faithfulness", of("aopc_comprehensiveness"), erasure.aopc_comprehensiveness)?;
                self.maybe("faithfulness", of("aopc_sufficiency"), erasure.aopc_sufficiency)?;
            }
            self.maybe("faithfulness", of("tau_loo"), one.tau_loo)?;
            self.maybe("faithfulness", of("sensitivity_max"), one.sensitivity_max)?;
            self.maybe("faithfulness", of("randomization"), one.randomization)?;
        }
        let Some(random) = &found.random else { return Ok(()) };
        self.band("deletion", &random.deletion)?;
        self.band("insertion", &random.insertion)?;
        let of = |text| Of { name: "random", text, ..Of::default() };
        self.maybe("faithfulness", of("aopc_comprehensiveness"), random.aopc_comprehensiveness)?;
        self.maybe("faithfulness", of("aopc_sufficiency"), random.aopc_sufficiency)
    }

    fn heads(&mut self, heads: &Heads) -> io::Result<()> {
        self.profiles("profile", &heads.profiles)?;
        if let Some(over) = &heads.over_texts {
            self.by_count("over_texts", "target", &over.values)?;
            self.profiles("profile_over_texts", &over.profiles)?;
            if let Some(ablation) = &over.ablation {
                self.by_head("ablation_over_texts", "head", &ablation.heads)?;
                for stack in &ablation.mlps {
                    self.by_layer("ablation_over_texts", "mlp", Some(stack.kind), &stack.values)?;
                }
            }
        }
        if let Some(lens) = &heads.lens {
            self.by_layer("lens", "target", None, &lens.values)?;
            self.by_layer("lens", "logit", None, lens.logits.as_deref().unwrap_or_default())?;
            self.by_layer("lens", "log_prob", None, lens.log_probs.as_deref().unwrap_or_default())?;
            for (layer, rank) in lens.ranks.iter().flatten().enumerate() {
                self.put("lens", Of { name: "rank", layer: Some(layer), ..Of::default() }, rank)?;
            }
        }
        if let Some(direct) = &heads.direct {
            self.by_head("direct", "head", &direct.heads)?;
            self.by_layer("direct", "mlp", None, &direct.mlps)?;
            self.by_layer("direct", "recurrence", None, &direct.recurrence)?;
            let parts = [
                ("logit", direct.logit),
                ("embedding", direct.embedding),
                ("biases", direct.biases),
                ("rest", direct.rest),
            ];
            for (name, value) in parts {
                self.put("direct", Of { name, ..Of::default() }, &value)?;
            }
        }
        if let Some(ablation) = &heads.ablation {
            self.by_head("ablation", "head", &ablation.heads)?;
            for stack in &ablation.mlps {
                self.by_layer("ablation", "mlp", Some(stack.kind), &stack.values)?;
            }
        }
        if let Some(patching) = &heads.patching {
            let of = |text| Of { name: "target", text, ..Of::default() };
            self.put("patching", of(""), &patching.value)?;
            self.put("patching", of(&patching.text), &patching.other_value)?;
            self.by_head("patching", "z", &patching.z)?;
            self.by_head("patching", "pattern", &patching.pattern)?;
            for stack in &patching.residual {
                for (layer, values) in stack.values.chunks(stack.tokens.max(1)).enumerate() {
                    let of = Of { name: "residual", kind: Some(stack.kind), layer: Some(layer), ..Of::default() };
                    self.by_token("patching", of, values)?;
                }
            }
        }
        if let Some(induction) = &heads.induction {
            self.by_head("induction", "head", std::slice::from_ref(&induction.scores))?;
        }
        Ok(())
    }
}

/// A head's figures with their names.
#[must_use]
pub fn figures(head: &HeadProfile) -> [(&'static str, Option<f64>); 10] {
    [
        ("importance", Some(head.importance)),
        ("entropy", Some(head.entropy)),
        ("distance", head.distance),
        ("previous", head.previous),
        ("next", head.next),
        ("same", head.same),
        ("first", head.first),
        ("special", head.special),
        ("duplicate", head.duplicate),
        ("induction", head.induction),
    ]
}

/// Writes every number of a document, a row each: which table it is of and what it says there, its place, its text, its value. Of
/// attention what a token cannot see is left out; where maps are in the document made small, the table says so.
///
/// # Errors
/// Those of `out`.
pub fn write(document: &Explanation, out: &mut dyn Write) -> io::Result<()> {
    out.write_all(HEADS)?;
    let mut sheet = Sheet { out, document };
    let target = &document.target;
    sheet.put("target", Of { name: target.read.name(), text: &target.text, ..Of::default() }, &target.value)?;
    sheet.candidates("candidate", &document.output.top)?;
    for token in &document.output.tokens {
        sheet.put("written", Of { name: "prob", text: &token.text, ..Of::default() }, &token.prob)?;
    }
    for (at, label) in document.output.labels.iter().enumerate() {
        sheet.put("label", Of { name: &label.label, token: Some(at), ..Of::default() }, &label.prob)?;
    }
    for span in &document.output.spans {
        sheet.put("span", Of { name: "logit", text: &span.text, ..Of::default() }, &span.logit)?;
        sheet.put("span", Of { name: "prob", text: &span.text, ..Of::default() }, &span.prob)?;
    }
    for one in &document.attributions {
        let of = Of { name: one.method.name(), ..Of::default() };
        sheet.by_token("attribution", of, &one.values)?;
        for (token, value) in document.output.tokens.iter().zip(one.output_values.iter().flatten()) {
            sheet.put("attribution_written", Of { text: &token.text, ..of }, value)?;
        }
        sheet.by_token("standard_error", of, one.standard_errors.as_deref().unwrap_or_default())?;
        let checks = &one.checks;
        sheet.put("check", Of { text: "target_value", ..of }, &checks.target_value)?;
        sheet.maybe("check", Of { text: "baseline_value", ..of }, checks.baseline_value)?;
        sheet.maybe("check", Of { text: "completeness_error", ..of }, checks.completeness_error)?;
        sheet.maybe("check", Of { text: "r2", ..of }, checks.r2)?;
        for (name, value) in one.parameters.iter().filter(|(_, value)| value.is_number()) {
            sheet.put("parameter", Of { text: name, ..of }, value)?;
        }
    }
    for pair in &document.agreement {
        let [a, b] = pair.pair.map(|at| document.attributions.get(at).map_or("", |one| one.method.name()));
        let of = Of { name: a, text: b, ..Of::default() };
        sheet.maybe("spearman", of, pair.spearman)?;
        sheet.maybe("top_3", of, pair.top_3)?;
    }
    sheet.faithfulness()?;
    for stack in &document.layers {
        let of = Of { kind: Some(stack.kind), ..Of::default() };
        for (layer, values) in stack.outputs.chunks(stack.tokens.max(1)).enumerate() {
            for (at, value) in values.iter().enumerate() {
                sheet.put("layer", Of { name: "output", layer: Some(layer), token: Some(at), ..of }, value)?;
            }
        }
        for (map, values) in stack.z.chunks(stack.tokens.max(1)).enumerate() {
            for (at, value) in values.iter().enumerate() {
                let (layer, head) = (Some(map / stack.heads.max(1)), Some(map % stack.heads.max(1)));
                sheet.put("layer", Of { name: "z", layer, head, token: Some(at), ..of }, value)?;
            }
        }
    }
    if let Some(heads) = document.heads() {
        sheet.heads(&heads)?;
    }
    if let Some(changed) = &document.changed {
        sheet.put("changed", Of { name: "target", ..Of::default() }, &changed.value)?;
        sheet.candidates("changed", &changed.top)?;
    }
    if let Some(wrote) = &document.written {
        sheet.wrote(wrote)?;
    }
    for attention in &document.attention {
        sheet.attention(attention)?;
    }
    for (name, milliseconds) in &document.timing_ms {
        sheet.put("milliseconds", Of { text: name, ..Of::default() }, milliseconds)?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_text_becomes_a_formula_or_another_column() {
        assert_eq!(text("Paris"), "Paris");
        assert_eq!(text(" Paris"), "\" Paris\"");
        assert_eq!(text("=HYPERLINK(\"http://x\")"), "\"'=HYPERLINK(\"\"http://x\"\")\"");
        assert_eq!(["-1", "+1", "@x", "\t"].map(text), ["\"'-1\"", "\"'+1\"", "\"'@x\"", "\"'\t\""]);
        assert_eq!(text("a,b\n"), "\"a,b\n\"");
        assert_eq!(text(""), "");
    }

    #[test]
    fn a_map_has_its_names_on_both_sides() {
        let names = ["=a", "b"].map(String::from);
        let csv = map("layer", &names[..1], &names, &[0.5, -2.0]);
        assert_eq!(csv, "layer,\"'=a\",b\r\n\"'=a\",0.5,-2\r\n");
    }
}
