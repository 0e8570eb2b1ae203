//! Numbers as people read them.

/// A number with about four significant digits and a true minus sign.
#[must_use]
pub fn number(value: f64) -> String {
    if !value.is_finite() {
        return "–".to_owned();
    }
    let size = value.abs();
    let text = if size == 0.0 {
        "0".to_owned()
    } else if size >= 1000.0 {
        format!("{value:.0}")
    } else if size >= 100.0 {
        format!("{value:.1}")
    } else if size >= 10.0 {
        format!("{value:.2}")
    } else if size >= 0.001 {
        format!("{value:.3}")
    } else {
        format!("{value:.1e}")
    };
    text.replace('-', "−")
}

/// Like [`number`], with a plus sign before positive numbers.
#[must_use]
pub fn signed(value: f64) -> String {
    let text = number(value);
    if value > 0.0 { format!("+{text}") } else { text }
}

/// A probability in per cent.
#[must_use]
pub fn percent(probability: f64) -> String {
    let value = probability * 100.0;
    if value >= 10.0 {
        format!("{value:.1} %")
    } else if value >= 0.1 {
        format!("{value:.2} %")
    } else if value >= 0.01 {
        format!("{value:.3} %")
    } else if value >= 0.001 {
        format!("{value:.4} %")
    } else if value > 0.0 {
        // More zeros tell a reader nothing; the exported document has all digits.
        "<0.001 %".to_owned()
    } else {
        "0 %".to_owned()
    }
}

/// Bytes in megabytes, as `98 MB`.
#[must_use]
pub fn megabytes(bytes: u64) -> String {
    format!("{} MB", megabytes_number(bytes))
}

/// Bytes in kilobytes or megabytes, whichever says more.
#[must_use]
pub fn size_of_data(bytes: u64) -> String {
    if bytes < 1_000_000 { format!("{} kB", bytes.div_ceil(1000)) } else { megabytes(bytes) }
}

/// Bytes in megabytes, without the unit.
#[must_use]
pub fn megabytes_number(bytes: u64) -> u64 {
    if bytes == 0 { 0 } else { (bytes + 500_000).div_euclid(1_000_000).max(1) }
}

/// A wall-clock time.
#[must_use]
pub fn duration(milliseconds: f64) -> String {
    if milliseconds < 1000.0 { format!("{milliseconds:.0} ms") } else { format!("{:.1} s", milliseconds / 1000.0) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn little_data_is_said_in_kilobytes() {
        assert_eq!([0, 1, 9_216, 999_999, 2_300_000].map(size_of_data), ["0 kB", "1 kB", "10 kB", "1000 kB", "2 MB"]);
    }

    #[test]
    fn numbers_are_short_and_keep_their_sign() {
        assert_eq!(number(0.0), "0");
        assert_eq!(number(-1.23456), "−1.235");
        assert_eq!(number(17.5678), "17.57");
        assert_eq!(number(1234.5), "1234");
        assert_eq!(number(-0.000_012_3), "−1.2e−5");
        assert_eq!(number(f64::NAN), "–");
        assert_eq!(signed(0.5), "+0.500");
        assert_eq!(signed(-0.5), "−0.500");
    }

    #[test]
    fn probabilities_are_per_cent() {
        assert_eq!(percent(0.773), "77.3 %");
        assert_eq!(percent(0.0123), "1.23 %");
        assert_eq!(percent(0.000_32), "0.032 %");
        assert_eq!(percent(0.000_038_2), "0.0038 %");
        assert_eq!(percent(0.000_002), "<0.001 %");
        assert_eq!(percent(0.0), "0 %");
    }

    #[test]
    fn bytes_are_megabytes() {
        assert_eq!(megabytes(98_400_000), "98 MB");
        assert_eq!(megabytes(10), "1 MB");
        assert_eq!(megabytes(0), "0 MB");
        assert_eq!(duration(41.6), "42 ms");
        assert_eq!(duration(1250.0), "1.2 s");
    }
}
