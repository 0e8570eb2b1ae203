//! The strings in Rust sources: what tests look through for texts that belong in the files of a language. The page's tests have it
//! too.

/// A string in the source: what stands before it, itself, and what stands behind it.
pub struct Literal {
    pub file: String,
    pub line: usize,
    pub before: String,
    pub text: String,
    pub after: String,
}

/// The strings of a source outside comments and tests.
pub fn literals(file: &str, source: &str) -> Vec<Literal> {
    let tests = ["#[cfg(test)]\nmod tests", "#[cfg(test)]\npub(crate) mod tests"];
    let code = tests.iter().filter_map(|tests| source.split_once(tests)).map(|(code, _)| code).next().unwrap_or(source);
    let bytes = code.as_bytes();
    let mut found = Vec::new();
    let mut at = 0;
    while at < bytes.len() {
        match bytes[at] {
            b'/' if bytes.get(at + 1) == Some(&b'/') => {
                at += code[at..].find('\n').unwrap_or(code.len() - at);
            }
            // A character, and not a lifetime: its closing quote is near.
            b'\'' => {
                let rest = &code[at + 1..];
                let len = rest.chars().next().map_or(1, |c| if c == '\\' { 2 } else { c.len_utf8() });
                let unicode = rest.starts_with("\\u").then(|| rest.find('\'')).flatten();
                match unicode {
                    Some(end) => at += end + 2,
                    None if rest.as_bytes().get(len) == Some(&b'\'') => at += len + 2,
                    None => at += 1,
                }
            }
            b'r' if code[at..].starts_with("r#\"") => {
                at += 3 + code[at + 3..].find("\"#").unwrap_or(0) + 2;
            }
            b'"' => {
                let start = at + 1;
                at = start;
                while at < bytes.len() && bytes[at] != b'"' {
                    at += if bytes[at] == b'\\' { 2 } else { 1 };
                }
                let line = code[..start].matches('\n').count() + 1;
                let near = code[..start - 1].trim_end();
                let from = near.char_indices().rev().nth(60).map_or(0, |(at, _)| at);
                found.push(Literal {
                    file: file.to_owned(),
                    line,
                    before: near[from..].to_owned(),
                    text: code[start..at].to_owned(),
                    after: code[at + 1..].trim_start().chars().take(12).collect(),
                });
                at += 1;
            }
            _ => at += 1,
        }
    }
    found
}
