//! The colours of everything that is not data.

use crate::colour::{Rgb, colours};

/// The colours of one theme.
#[derive(Clone, Copy, Debug)]
pub struct Ink {
    /// Text.
    pub text: Rgb,
    /// Text of less weight.
    pub muted: Rgb,
    /// Lines.
    pub line: Rgb,
    /// The panel behind.
    pub surface: Rgb,
    /// What is chosen.
    pub accent: Rgb,
    /// What is looked at: the rings around heads.
    pub lamp: Rgb,
}

// Text, muted, line, surface, accent and lamp of each theme.
const LIGHT: [Rgb; 6] = colours([0x1a1c22, 0x5c616c, 0xddd9d0, 0xffffff, 0x175c96, 0xb4730a]);
const DARK: [Rgb; 6] = colours([0xeae7e0, 0xa3a8b3, 0x333842, 0x171a20, 0x8ac8f0, 0xffc466]);

impl Ink {
    /// The inks of a theme; the same as in the page's style sheet.
    #[must_use]
    pub fn of(dark: bool) -> Self {
        let [text, muted, line, surface, accent, lamp] = if dark { DARK } else { LIGHT };
        Self { text, muted, line, surface, accent, lamp }
    }
}
