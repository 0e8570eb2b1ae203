//! What is published says what the document says: on a real document, on one with everything in it, and on a hostile one.

#![allow(clippy::unwrap_used, clippy::panic, reason = "a panic is how a test fails")]

mod documents;

use documents::{HOSTILE, full, sample};
use headlight_document::{Attention, Explanation, Overview};
use headlight_report::{Texts, cite, csv, drawings, html};

fn hostile() -> Explanation {
    let mut document = full();
    document.model.title = HOSTILE.into();
    document.model.id = HOSTILE.into();
    document.model.license = HOSTILE.into();
    document.input.text = HOSTILE.into();
    document.input.second_text = Some(HOSTILE.into());
    document.target.text = HOSTILE.into();
    document.output.text = Some(HOSTILE.into());
    document.output.top[0].text = HOSTILE.into();
    document.warnings = vec![HOSTILE.into()];
    document.attributions[2].checks.distrust = Some(HOSTILE.into());
    document.attributions[2].parameters.insert("replacement".into(), HOSTILE.into());
    document.faithfulness.as_mut().unwrap().replacement = HOSTILE.into();
    for token in &mut document.input.tokens {
        token.text = HOSTILE.into();
    }
    document
}

fn report(document: &Explanation, date: Option<&str>) -> String {
    let mut bytes = Vec::new();
    html::write(document, date, cite::LIBRARY, Texts::english(), &mut bytes).unwrap();
    String::from_utf8(bytes).unwrap()
}

fn table(document: &Explanation) -> Vec<Vec<String>> {
    let mut bytes = Vec::new();
    csv::write(document, &mut bytes).unwrap();
    let csv = String::from_utf8(bytes).unwrap();
    read(&csv)
}

/// A reader of CSV by the letter of RFC 4180.
fn read(csv: &str) -> Vec<Vec<String>> {
    let (mut rows, mut row, mut cell, mut is_quoted) = (Vec::new(), Vec::new(), String::new(), false);
    let mut all = csv.chars().peekable();
    while let Some(c) = all.next() {
        match c {
            '"' if is_quoted && all.peek() == Some(&'"') => {
                all.next();
                cell.push('"');
            }
            '"' => is_quoted = !is_quoted,
            ',' if !is_quoted => row.push(std::mem::take(&mut cell)),
            '\r' if !is_quoted => {}
            '\n' if !is_quoted => {
                row.push(std::mem::take(&mut cell));
                rows.push(std::mem::take(&mut row));
            }
            c => cell.push(c),
        }
    }
    assert!(row.is_empty() && cell.is_empty() && !is_quoted);
    rows
}

/// The drawings in a page, each as a file of its own.
fn drawings(page: &str) -> Vec<&str> {
    let mut found = Vec::new();
    let mut rest = page;
    while let Some(from) = rest.find("<svg ") {
        let to = from + rest[from..].find("</svg>").unwrap() + 6;
        found.push(&rest[from..to]);
        rest = &rest[to..];
    }
    found
}

#[test]
fn a_report_holds_the_document_and_fetches_nothing() {
    for document in [sample(), full(), hostile()] {
        let page = report(&document, Some("2026-11-26"));
        assert!(page.starts_with("<!doctype html>") && page.contains("default-src 'none'"));
        let scripts: Vec<_> = page.match_indices("<script").map(|(at, _)| &page[at..at + 46]).collect();
        assert_eq!(scripts, ["<script type=\"application/json\" id=\"document\">"], "one element, which does not run");
        let from = page.find("id=\"document\">").unwrap() + 14;
        let json = &page[from..from + page[from..].find("</script>").unwrap()];
        assert!(serde_json::from_str::<Explanation>(json).unwrap() == document, "it can be read back");
        let shown = &page[..from];
        for part in ["<img", "<link", "<iframe", "<object", "<a ", "url(", "@import"] {
            assert!(!shown.contains(part), "{part}");
        }
        // The text may name an address; nothing but the names of XML may.
        let named = shown.replace("http://www.w3.org/2000/svg", "").replace(&headlight_report::escape(HOSTILE), "");
        assert!(!named.replace("⟨202e⟩⟨0⟩", "").contains(" src=\""), "no attribute loads anything");
        let drawn = drawings(&page);
        assert!(drawn.len() >= document.attributions.len() + 2, "{}", drawn.len());
        for drawing in drawn {
            roxmltree::Document::parse(drawing).unwrap_or_else(|error| panic!("{error}: {drawing}"));
        }
        for (at, _) in shown.match_indices("href=\"") {
            assert!(shown[at..].starts_with("href=\"data:image/png;base64,"), "{}", &shown[at..at + 60]);
        }
    }
}

#[test]
fn a_report_says_the_numbers_and_what_speaks_against_them() {
    let document = full();
    let page = report(&document, None);
    let mut wanted: Vec<String> = [
        "Mind the gap.",
        "The values sum to another number.",
        "No better than chance.",
        "baseline zero, steps 50",
        "sum to 15.00",
        "−0.750 off",
        &document.model.sha256,
        "Apache-2.0",
        "less that of “ Lyon”",
        "2 random orders",
        "0.438",
        "0.625",
        "12.25",
    ]
    .map(str::to_owned)
    .to_vec();
    wanted.extend(document.attributions.iter().flat_map(|one| &one.values).map(|value| format!("<td>{value}</td>")));
    wanted.extend(document.output.top.iter().map(|one| format!("<td>{}</td>", one.prob)));
    for text in wanted {
        assert!(page.contains(&text), "{text}");
    }
    assert!(!page.contains("<th scope=\"row\">Date"), "no date that was not given");
    assert_eq!(page, report(&document, None), "the same document gives the same report");
}

#[test]
fn a_report_of_a_long_text_leaves_weights_out_and_says_so() {
    let mut document = sample();
    let side = 80;
    let attention = &mut document.attention[0];
    *attention = Attention { rows: side, columns: side, ..attention.clone() };
    attention.values = Some(vec![1.0 / side as f32; 270 * side * side]);
    let page = report(&document, None);
    assert!(page.contains("The 1728000 weights are drawn and not in this file as numbers"), "it says what is missing");
    assert!(page.len() < 4_000_000, "{}", page.len());
    document.attention[0].overview = Some(Overview { rows: 40, columns: 40, values: vec![0.5; 270 * 1600] });
    document.attention[0].values = None;
    assert!(report(&document, None).contains("maps made small"));
}

#[test]
fn every_number_of_a_document_is_in_its_table() {
    let document = full();
    let rows = table(&document);
    assert_eq!(rows[0].join(","), "table,name,kind,layer,head,query,key,token,start,end,text,value");
    assert!(rows.iter().all(|row| row.len() == 12));
    let of = |cells: &[(usize, &str)]| -> Vec<f64> {
        let is_so = |row: &&Vec<String>| cells.iter().all(|(at, cell)| row[*at] == *cell);
        rows.iter().skip(1).filter(is_so).map(|row| row[11].parse().unwrap()).collect()
    };
    for one in &document.attributions {
        assert_eq!(of(&[(0, "attribution"), (1, one.method.name())]), one.values);
    }
    assert_eq!(of(&[(0, "standard_error")]), vec![0.125; document.input.tokens.len()]);
    assert_eq!(
        of(&[(0, "candidate"), (1, "prob")]),
        document.output.top.iter().map(|one| one.prob).collect::<Vec<_>>()
    );
    assert_eq!(of(&[(0, "candidate"), (1, "logit"), (10, " Paris")]), [document.output.top[0].logit]);
    assert_eq!(of(&[(0, "deletion"), (1, "integrated_gradients")]), [0.8, 0.7, 0.4, 0.3, 0.2, 0.1]);
    assert_eq!(of(&[(0, "faithfulness"), (10, "deletion_area")]), [0.4375]);
    assert_eq!(of(&[(0, "check"), (10, "completeness_error")]), [-0.75]);
    assert_eq!(of(&[(0, "ablation"), (1, "head")]), [1.375, -1.375]);
    assert_eq!(of(&[(0, "lens"), (1, "target"), (3, "2")]), [17.375]);
    assert_eq!(of(&[(0, "spearman"), (1, "saliency"), (10, "integrated_gradients")]), [0.625]);
    assert_eq!(of(&[(0, "target")]), [document.target.value]);
    // Attention in long form: what a token sees, weight by weight.
    let attention = &document.attention[0];
    let mut seen = 0;
    for row in rows.iter().filter(|row| row[0] == "attention") {
        let [layer, head, query, key] = [3, 4, 5, 6].map(|at| row[at].parse::<usize>().unwrap());
        let weight = attention.head(layer, head).unwrap()[query * attention.columns + key];
        assert_eq!(row[11].parse::<f32>().unwrap(), weight);
        seen += 1;
    }
    assert_eq!(seen, attention.layers * attention.heads * attention.rows * (attention.rows + 1) / 2);
    let token = rows.iter().find(|row| row[0] == "attribution" && row[7] == "1").unwrap();
    assert_eq!(token[8..11], ["3", "11", " capital"]);
}

#[test]
fn tables_survive_any_text() {
    let document = hostile();
    let rows = table(&document);
    assert!(rows.iter().all(|row| row.len() == 12), "no text makes a column");
    assert!(rows.iter().any(|row| row[0] == "attribution" && row[10] == HOSTILE));
    let mut document = sample();
    document.input.tokens[0].text = "=cmd|'/c calc'!A1".into();
    let values = csv::values(&document);
    assert_eq!(read(&values)[1][1], "'=cmd|'/c calc'!A1");
    assert_eq!(read(&values)[0], ["token", "text", "start", "end", "saliency", "grad_x_input"]);
}

#[test]
fn a_paragraph_names_method_parameters_model_and_hash() {
    let document = full();
    let said = cite::paragraph(&document, Texts::english());
    for text in [
        "SmolLM2 135M Instruct",
        "family llama",
        &document.model.sha256,
        "device “cpu”",
        env!("CARGO_PKG_VERSION"),
        "Integrated gradients (Sundararajan et al., 2017)",
        "baseline zero, steps 50",
        "Saliency (Simonyan et al., 2014)",
        "Gradient × input (Shrikumar et al., 2016)",
        "the logit of “ Paris” as the next token, less that of “ Lyon” (Yin and Neubig, 2022)",
        "deletion and insertion curves (Samek et al., 2017; Petsiuk et al., 2018)",
        "2 random orders (seed 3)",
        "logit lens (nostalgebraist, 2020)",
        "(Vig, 2019)",
    ] {
        assert!(said.contains(text), "{text}: {said}");
    }
    assert!(!said.contains('\n'), "one paragraph");
    let entries = cite::bibtex(&document, Some("2026"), cite::LIBRARY);
    for text in
        ["@software{headlight", "year = {2026}", "@inproceedings{sundararajan2017axiomatic", "@inproceedings{vig2019"]
    {
        assert!(entries.contains(text), "{text}: {entries}");
    }
    assert!(!entries.contains("ribeiro"), "only what is cited");
    let plain = cite::bibtex(&sample(), None, cite::LIBRARY);
    assert!(!plain.contains("sundararajan") && !plain.contains("2026"));
}

#[test]
fn drawings_of_a_document_have_its_tokens_as_text() {
    let document = sample();
    let texts = |svg: &str| -> Vec<String> {
        let read = roxmltree::Document::parse(svg).unwrap();
        let all = read.descendants().filter(|node| node.tag_name().name() == "text");
        all.filter_map(|node| node.text().map(str::to_owned)).collect()
    };
    let all = texts(&drawings::tokens(&document, &document.attributions[1], Texts::english(), false));
    for text in ["The", "capital", "of", "France", "is", "orange: against the answer, blue: for it"] {
        assert!(all.iter().any(|one| one == text), "{text}: {all:?}");
    }
    let all = texts(&drawings::candidates(&document, Texts::english(), true));
    assert!(all.iter().any(|one| one == "·Paris") && all.iter().any(|one| one == "77.3 %"), "{all:?}");
    assert!(drawings::grid(&document.attention[0], Texts::english(), false).is_some());
    assert_eq!(drawings::curve(&document, 0, false, Texts::english(), false), None);
}
