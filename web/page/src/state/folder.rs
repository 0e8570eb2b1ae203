//! How much of a dropped folder is looked at. A model's folder holds some dozens of files, a few folders deep.

use crate::locale::fill;

/// The most files and folders.
pub const MOST: usize = 4096;

/// How many folders may lie within each other, the dropped one included.
pub const DEEPEST: usize = 8;

/// What has been seen of a dropped folder.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Walk {
    seen: usize,
}

impl Walk {
    /// Whether the file or folder called `name` is to be looked at, `depth` folders below what was dropped. What is hidden
    /// is not: no model needs it, and a copy of a repository has its whole history there.
    ///
    /// # Errors
    /// A sentence, where there is more than is looked at.
    pub fn enter(&mut self, name: &str, depth: usize) -> Result<bool, String> {
        if name.starts_with('.') {
            return Ok(false);
        }
        self.seen += 1;
        self.expect(0)?;
        if depth > DEEPEST {
            return Err(fill("own.too_deep", &[&DEEPEST]));
        }
        Ok(true)
    }

    /// Whether `more` can still be looked at.
    ///
    /// # Errors
    /// A sentence, where they cannot.
    pub fn expect(&self, more: usize) -> Result<(), String> {
        if self.seen + more <= MOST {
            return Ok(());
        }
        Err(fill("own.too_many", &[&MOST]))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_folder_is_looked_at_up_to_a_number_and_a_depth() {
        let mut walk = Walk::default();
        assert_eq!(walk.enter("model", 0), Ok(true));
        assert_eq!(walk.enter("deep.json", DEEPEST), Ok(true));
        let sentence = walk.enter("deeper", DEEPEST + 1).unwrap_err();
        assert!(sentence.contains(" 8 folders"), "{sentence}");
        let mut walk = Walk::default();
        assert!((0..MOST).all(|_| walk.enter("file", 1) == Ok(true)));
        assert_eq!(walk.enter(".git", 1), Ok(false), "what is hidden does not count");
        let sentence = walk.enter("file", 1).unwrap_err();
        assert!(sentence.contains("4096"), "{sentence}");
        let walk = Walk::default();
        assert_eq!(walk.expect(MOST), Ok(()));
        assert!(walk.expect(MOST + 1).is_err(), "a folder that never ends is left before it is read");
    }
}
