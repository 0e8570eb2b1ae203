//! Telling a person what happens, and how long it may take.

#![allow(clippy::print_stdout, reason = "a command line tool speaks on standard output")]

use std::io::Write;
use std::time::Duration;

/// Announces something that is about to be done.
pub fn step(text: &str) {
    line(&format!("» {text}"));
}

/// Says something beneath a step.
pub fn note(text: &str) {
    line(&format!("  {text}"));
}

/// Prints a line as it is.
pub fn line(text: &str) {
    println!("{text}");
    // A step that follows may write to the terminal from another process.
    let _ = std::io::stdout().flush();
}

/// A time for people: `4.2 s`, `3 min 20 s`.
#[must_use]
pub fn duration(time: Duration) -> String {
    let seconds = time.as_secs();
    if seconds < 60 {
        format!("{:.1} s", time.as_secs_f64())
    } else {
        format!("{} min {:02} s", seconds / 60, seconds % 60)
    }
}

/// A size for people: `812 B`, `44 KiB`, `3.91 MiB`.
#[must_use]
#[expect(clippy::cast_precision_loss, reason = "three digits are shown")]
pub fn size(bytes: u64) -> String {
    match bytes {
        0..1024 => format!("{bytes} B"),
        1024..1_048_576 => format!("{:.1} KiB", bytes as f64 / 1024.0),
        _ => format!("{:.2} MiB", bytes as f64 / 1_048_576.0),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_and_sizes_read_well() {
        assert_eq!(duration(Duration::from_millis(4249)), "4.2 s");
        assert_eq!(duration(Duration::from_secs(200)), "3 min 20 s");
        assert_eq!(size(812), "812 B");
        assert_eq!(size(4 * 1024 * 1024), "4.00 MiB");
    }
}
