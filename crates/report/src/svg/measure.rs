//! How wide text is, without a typeface at hand: by the widths of Helvetica and Arial, a hair wider. Where it matters the
//! drawing says how long a text is to be made, so that it fits whatever typeface it meets.

/// Widths of U+0020 to U+007E in thousandths of the size.
const ASCII: [u16; 95] = [
    278, 278, 355, 556, 556, 889, 667, 191, 333, 333, 389, 584, 278, 333, 278, 278, 556, 556, 556, 556, 556, 556, 556,
    556, 556, 556, 278, 278, 584, 584, 584, 556, 1015, 667, 667, 722, 722, 667, 611, 778, 722, 278, 500, 667, 556, 833,
    722, 778, 667, 778, 722, 667, 611, 722, 667, 944, 667, 667, 611, 278, 278, 278, 469, 556, 333, 556, 556, 500, 556,
    556, 278, 556, 556, 222, 222, 500, 222, 833, 556, 556, 556, 556, 333, 500, 278, 556, 500, 722, 500, 500, 500, 334,
    260, 334, 584,
];

/// The width of a text of that size.
pub fn width(text: &str, size: f64) -> f64 {
    text.chars().map(of).sum::<f64>() * size * 1.04
}

fn of(c: char) -> f64 {
    let code = u32::from(c);
    match code {
        0x20..=0x7e => f64::from(ASCII[(code - 0x20) as usize]) / 1000.0,
        // Marks that stand on what is before them, joiners, and choices of variants.
        0x300..=0x36f
        | 0x483..=0x489
        | 0x591..=0x5bd
        | 0x610..=0x61a
        | 0x64b..=0x65f
        | 0x200b..=0x200f
        | 0xfe00..=0xfe0f => 0.0,
        _ if is_wide(c) => 1.0,
        0x1f000..=0x1ffff => 1.3,
        _ => 0.58,
    }
}

/// Whether a character stands in a square, between any two of which a line may end.
pub fn is_wide(c: char) -> bool {
    matches!(u32::from(c), 0x1100..=0x115f | 0x2e80..=0xa4cf | 0xac00..=0xd7a3 | 0xf900..=0xfaff | 0xfe30..=0xfe6f
        | 0xff00..=0xff60 | 0xffe0..=0xffe6 | 0x20000..=0x3ffff)
}

/// Whether a text is written from right to left, by its first letter.
pub fn is_leftward(text: &str) -> bool {
    let first = text.chars().find(|c| c.is_alphabetic());
    first.is_some_and(|c| matches!(u32::from(c), 0x590..=0x8ff | 0xfb1d..=0xfdff | 0xfe70..=0xfeff))
}

/// A text in lines of at most that width, cut at its spaces, or between characters that stand in squares.
pub fn wrapped(text: &str, size: f64, most: f64) -> Vec<String> {
    behind(0.0, text, size, most)
}

/// Like [`wrapped`], behind something so wide that stands in the first line already. A word that no line has room for is cut.
pub fn behind(indent: f64, text: &str, size: f64, most: f64) -> Vec<String> {
    let mut lines = Vec::new();
    let mut line = String::new();
    let mut word = String::new();
    let end = |line: &mut String, word: &mut String, lines: &mut Vec<String>| {
        let before = if lines.is_empty() { indent } else { 0.0 };
        if before + width(line, size) + width(word.trim_end(), size) > most && (before > 0.0 || !line.is_empty()) {
            lines.push(std::mem::take(line).trim_end().to_owned());
        }
        line.push_str(word);
        word.clear();
    };
    for c in text.chars() {
        if !word.is_empty() && c != ' ' && width(&word, size) + of(c) * size * 1.04 > most {
            end(&mut line, &mut word, &mut lines);
        }
        word.push(c);
        if c == ' ' || is_wide(c) {
            end(&mut line, &mut word, &mut lines);
        }
    }
    end(&mut line, &mut word, &mut lines);
    if !line.trim_end().is_empty() {
        lines.push(line.trim_end().to_owned());
    }
    lines
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn text_is_as_wide_as_its_characters() {
        assert!(width("ill", 16.0) < width("mmm", 16.0) / 2.0);
        assert_eq!(width("e\u{301}", 10.0), width("e", 10.0));
        assert!(width("中文", 10.0) > 20.0 && width("", 10.0) == 0.0);
    }

    #[test]
    fn lines_end_at_spaces_and_nothing_is_lost() {
        let text = "the quick brown fox jumps over the lazy dog";
        let lines = wrapped(text, 11.0, 90.0);
        assert!(lines.len() > 2 && lines.iter().all(|line| width(line, 11.0) <= 90.0), "{lines:?}");
        assert_eq!(lines.join(" "), text);
        assert_eq!(wrapped("注意力权重开方", 10.0, 36.0).concat(), "注意力权重开方");
        let cut = wrapped("of internationalisation", 11.0, 60.0);
        assert!(cut.len() > 2 && cut.iter().all(|line| width(line, 11.0) <= 60.0), "{cut:?}");
        assert_eq!(cut.concat(), "ofinternationalisation");
        // What stands before it takes room of the first line alone.
        assert_eq!(behind(85.0, "quick fox", 11.0, 90.0), ["", "quick fox"]);
        assert_eq!(behind(50.0, "quick fox", 11.0, 90.0), ["quick", "fox"]);
        assert!(wrapped("", 11.0, 20.0).is_empty());
    }

    #[test]
    fn some_texts_run_the_other_way() {
        assert!(
            is_leftward("  «שלום»") && is_leftward("مرحبا hello") && !is_leftward("hello مرحبا") && !is_leftward("1")
        );
    }
}
