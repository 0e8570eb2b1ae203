//! Formulas as the glossary's file writes them, into nodes of MathML: `["a =", ["frac", "q · k", ["sqrt", "d"]]]`. A text is cut
//! at its spaces into numbers, names and signs; a list is a row, unless it begins with the name of a form.

use serde_json::Value;

/// An element of MathML.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Node {
    /// Its name.
    pub tag: &'static str,
    /// What it says, where it is a number, a name or a sign.
    pub text: String,
    /// What is in it.
    pub children: Vec<Node>,
}

/// The forms, the elements that they become, and how many parts each has.
const FORMS: &[(&str, &str, usize)] = &[
    ("frac", "mfrac", 2),
    ("sqrt", "msqrt", 1),
    ("sub", "msub", 2),
    ("sup", "msup", 2),
    ("both", "msubsup", 3),
    ("under", "munder", 2),
    ("range", "munderover", 3),
    ("over", "mover", 2),
    ("text", "mtext", 1),
];

const DEEPEST: usize = 12;

/// The nodes of a formula.
#[must_use]
pub fn nodes(value: &Value) -> Vec<Node> {
    nodes_at(value, 0)
}

fn nodes_at(value: &Value, depth: usize) -> Vec<Node> {
    match value {
        Value::String(text) => text.split_whitespace().map(leaf).collect(),
        Value::Array(parts) if depth < DEEPEST => {
            let form = parts.first().and_then(Value::as_str);
            let form = form.and_then(|name| FORMS.iter().find(|(known, ..)| *known == name));
            match form {
                Some((_, "mtext", _)) => {
                    let text = parts.get(1).and_then(Value::as_str).unwrap_or_default().to_owned();
                    vec![Node { tag: "mtext", text, children: Vec::new() }]
                }
                Some((_, tag, count)) if parts.len() == count + 1 => {
                    let children = parts.iter().skip(1).map(|part| row(nodes_at(part, depth + 1))).collect();
                    vec![Node { tag, text: String::new(), children }]
                }
                // Brackets grow with what stands in the same row, so that a list within a list has one of its own.
                _ => {
                    let nodes = parts.iter().flat_map(|part| nodes_at(part, depth + 1)).collect();
                    if depth == 0 { nodes } else { vec![row(nodes)] }
                }
            }
        }
        _ => Vec::new(),
    }
}

/// What a node says in a language that has its own `words` for those in formulas. Spaces around a word stay.
#[must_use]
pub fn in_words(node: &Node, words: &Value) -> String {
    let word = node.text.trim();
    match words[word].as_str() {
        Some(own) if node.tag == "mtext" => node.text.replacen(word, own, 1),
        _ => node.text.clone(),
    }
}

/// One node for several.
fn row(mut nodes: Vec<Node>) -> Node {
    match nodes.pop() {
        Some(one) if nodes.is_empty() => one,
        last => {
            nodes.extend(last);
            Node { tag: "mrow", text: String::new(), children: nodes }
        }
    }
}

fn leaf(piece: &str) -> Node {
    let tag = match piece.chars().next() {
        Some(first) if first.is_ascii_digit() => "mn",
        Some(first) if first.is_alphabetic() => "mi",
        _ => "mo",
    };
    Node { tag, text: piece.to_owned(), children: Vec::new() }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn written(nodes: &[Node]) -> String {
        let one = |node: &Node| format!("<{0}>{1}{2}</{0}>", node.tag, node.text, written(&node.children));
        nodes.iter().map(one).collect()
    }

    #[test]
    fn a_formula_becomes_its_elements() {
        let formula = json!(["a =", ["frac", "q · k", ["sqrt", "d"]], "+ 2"]);
        assert_eq!(
            written(&nodes(&formula)),
            "<mi>a</mi><mo>=</mo><mfrac><mrow><mi>q</mi><mo>·</mo><mi>k</mi></mrow><msqrt><mi>d</mi></msqrt></mfrac>\
             <mo>+</mo><mn>2</mn>"
        );
        assert_eq!(
            written(&nodes(&json!(["sub", "A", "i j"]))),
            "<msub><mi>A</mi><mrow><mi>i</mi><mi>j</mi></mrow></msub>"
        );
        assert_eq!(written(&nodes(&json!(["f", ["( x )"]]))), "<mi>f</mi><mrow><mo>(</mo><mi>x</mi><mo>)</mo></mrow>");
        assert_eq!(written(&nodes(&json!(["text", "the greatest"]))), "<mtext>the greatest</mtext>");
        // What is none is left out.
        assert_eq!(nodes(&json!({ "x": 1 })), []);
        assert_eq!(written(&nodes(&json!(["frac", "a"]))), "<mi>frac</mi><mi>a</mi>");
    }

    #[test]
    fn words_in_formulas_are_those_of_the_language() {
        let words = json!({ "from": "从", "x": "no" });
        let said = |formula: Value| in_words(&nodes(&formula)[0], &words);
        assert_eq!(said(json!(["text", " from "])), " 从 ");
        assert_eq!(said(json!(["text", "to"])), "to");
        assert_eq!(said(json!("x")), "x", "a name stays");
        assert_eq!(in_words(&nodes(&json!(["text", "from"]))[0], &Value::Null), "from");

        fn check(node: &Node, words: &Value) {
            let is_said = node.tag != "mtext" || words[node.text.trim()].is_string();
            assert!(is_said, "help/zh.json has no “{}” in `in_formulas`", node.text.trim());
            node.children.iter().for_each(|child| check(child, words));
        }
        let read = |file: &str| serde_json::from_str::<Value>(file).unwrap();
        let formulas = read(include_str!("../../assets/help/formulas.json"));
        let chinese = read(include_str!("../../assets/help/zh.json"));
        for formula in formulas.as_object().unwrap().values() {
            nodes(formula).iter().for_each(|node| check(node, &chinese["in_formulas"]));
        }
    }

    #[test]
    fn every_formula_of_the_glossary_is_written_rightly() {
        fn check(value: &Value, name: &str) {
            if let Value::Array(parts) = value {
                let form =
                    parts.first().and_then(Value::as_str).and_then(|name| FORMS.iter().find(|form| form.0 == name));
                assert!(form.is_none_or(|form| parts.len() == form.2 + 1), "{name}: {value}");
                parts.iter().for_each(|part| check(part, name));
            } else {
                assert!(value.is_string(), "{name}: {value}");
            }
        }
        let all: Value = serde_json::from_str(include_str!("../../assets/help/formulas.json")).unwrap();
        for (name, formula) in all.as_object().unwrap() {
            check(formula, name);
            assert!(!nodes(formula).is_empty(), "{name}");
        }
    }
}
