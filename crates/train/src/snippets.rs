//! The rated snippets of film reviews (Hutto & Gilbert 2014).

use std::collections::HashSet;

use crate::error::Error;
use headlight_explain::Random;

/// A sentence or two of a review.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Snippet {
    /// The text, without white space around it.
    pub text: String,
    /// Whether people took it as praise.
    pub positive: bool,
}

/// What is left of the data after reading it.
#[derive(Clone, Debug)]
pub struct Snippets {
    /// In the order of the file.
    pub kept: Vec<Snippet>,
    /// How many lines there were.
    pub lines: usize,
    /// How many were left out because their mean rating is exactly 0, which has no sign.
    pub neutral: usize,
    /// How many were left out because the same text stands further up.
    pub repeated: usize,
}

/// Reads lines of id, mean rating (−4 to 4) and text, divided by tabs, in UTF-8. The label is the rating's sign.
///
/// # Errors
/// [`Error::Snippet`] says which line is not so.
pub fn read(file: &[u8]) -> Result<Snippets, Error> {
    let mut found = Snippets { kept: Vec::new(), lines: 0, neutral: 0, repeated: 0 };
    let mut seen = HashSet::new();
    for (index, line) in file.split(|byte| *byte == b'\n').enumerate() {
        let line = line.strip_suffix(b"\r").unwrap_or(line);
        if line.is_empty() {
            continue;
        }
        let wrong = |reason| Error::Snippet { line: index + 1, reason };
        let line = std::str::from_utf8(line).map_err(|_| wrong("is not UTF-8"))?;
        let mut fields = line.split('\t');
        let (Some(_), Some(rating), Some(text), None) = (fields.next(), fields.next(), fields.next(), fields.next())
        else {
            return Err(wrong("does not have three fields"));
        };
        let rating: f64 = rating.parse().map_err(|_| wrong("has a rating that is no number"))?;
        let text = text.trim();
        if !(-4.0..=4.0).contains(&rating) {
            return Err(wrong("has a rating beyond the scale"));
        }
        if text.is_empty() {
            return Err(wrong("has no text"));
        }
        found.lines += 1;
        if rating == 0.0 {
            found.neutral += 1;
        } else if seen.insert(text.to_lowercase()) {
            found.kept.push(Snippet { text: text.to_owned(), positive: rating > 0.0 });
        } else {
            found.repeated += 1;
        }
    }
    Ok(found)
}

/// Divides snippets into those to learn from and a tenth (rounded down) that is held out, by `seed`.
#[must_use]
pub fn split(mut snippets: Vec<Snippet>, seed: u64) -> (Vec<Snippet>, Vec<Snippet>) {
    Random::new(seed, 1).shuffle(&mut snippets);
    let train = snippets.split_off(snippets.len() / 10);
    (train, snippets)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn labels_are_signs_and_neutral_or_repeated_lines_are_left_out() {
        let file = "1\t2.5\tA clich\u{e9}, but a good one.\r\n2\t-0.1\t Dull. \r\n3\t0.0\tA film.\r\n4\t-1\tdull.\r\n";
        let found = read(file.as_bytes()).unwrap();
        assert_eq!((found.lines, found.neutral, found.repeated), (4, 1, 1));
        let expected = [("A clich\u{e9}, but a good one.", true), ("Dull.", false)];
        let kept: Vec<_> = found.kept.iter().map(|snippet| (snippet.text.as_str(), snippet.positive)).collect();
        assert_eq!(kept, expected);
    }

    #[test]
    fn a_wrong_line_is_named() {
        for (file, line) in [
            (&b"1\t1.0\tfine\n2\t1.0\n"[..], 2),
            (b"1\tgood\tfine", 1),
            (b"1\tNaN\tfine", 1),
            (b"1\t9\tfine", 1),
            (b"1\t1\t ", 1),
            (b"1\t1\t\xff", 1),
            (b"1\t1\ta\tb", 1),
        ] {
            assert!(matches!(read(file).unwrap_err(), Error::Snippet { line: found, .. } if found == line));
        }
    }

    #[test]
    fn a_tenth_is_held_out_and_nothing_is_on_both_sides() {
        let all: Vec<_> = (0..105).map(|id| Snippet { text: id.to_string(), positive: true }).collect();
        let (train, held_out) = split(all.clone(), 3);
        assert_eq!((train.len(), held_out.len()), (95, 10));
        assert!(held_out.iter().all(|snippet| !train.contains(snippet)));
        assert_eq!(split(all.clone(), 3).1, held_out);
        assert_ne!(split(all, 4).1, held_out);
    }
}
