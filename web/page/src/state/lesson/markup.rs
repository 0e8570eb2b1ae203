//! The little markup of lessons and of the glossary: `*emphasis*` and `` `code` ``. All else is text.

/// A piece of a paragraph.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Run<'a> {
    /// The element that it stands in; empty for plain text.
    pub tag: &'static str,
    /// What it says.
    pub text: &'a str,
}

/// A paragraph's pieces. A sign without its other half is a sign.
#[must_use]
pub fn runs(paragraph: &str) -> Vec<Run<'_>> {
    let mut runs = Vec::new();
    let mut rest = paragraph;
    let mut from = 0;
    while let Some(found) = rest.get(from..).and_then(|left| left.find(['*', '`'])) {
        let at = from + found;
        let sign = if rest.as_bytes().get(at) == Some(&b'*') { '*' } else { '`' };
        let inner = rest.get(at + 1..).unwrap_or_default();
        let end = inner.find(sign).filter(|end| {
            let text = inner.get(..*end).unwrap_or_default();
            !text.is_empty() && (sign == '`' || text.trim() == text)
        });
        let Some(end) = end else {
            from = at + 1;
            continue;
        };
        if at > 0 {
            runs.push(Run { tag: "", text: rest.get(..at).unwrap_or_default() });
        }
        runs.push(Run { tag: if sign == '*' { "em" } else { "code" }, text: inner.get(..end).unwrap_or_default() });
        rest = inner.get(end + 1..).unwrap_or_default();
        from = 0;
    }
    if !rest.is_empty() {
        runs.push(Run { tag: "", text: rest });
    }
    runs
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn emphasis_and_code_are_told_from_signs() {
        let plain = |text| Run { tag: "", text };
        assert_eq!(
            runs("A *row* of `q·k`, 2 * 3 * 4 <b>"),
            [
                plain("A "),
                Run { tag: "em", text: "row" },
                plain(" of "),
                Run { tag: "code", text: "q·k" },
                plain(", 2 * 3 * 4 <b>")
            ]
        );
        assert_eq!(runs("`a*b*`"), [Run { tag: "code", text: "a*b*" }]);
        assert_eq!(runs("*缩放*点积"), [Run { tag: "em", text: "缩放" }, plain("点积")]);
        assert_eq!(runs("**"), [plain("**")]);
        assert_eq!(runs(""), []);
    }
}
