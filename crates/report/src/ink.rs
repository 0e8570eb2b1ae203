//! The colours of everything that is not data.

use crate::colour::Rgb;

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

impl Ink {
    /// The inks of a theme; the same as in the page's style sheet.
    #[must_use]
    pub fn of(dark: bool) -> Self {
        if dark {
            Self {
                text: Rgb(0xea, 0xe7, 0xe0),
                muted: Rgb(0xa3, 0xa8, 0xb3),
                line: Rgb(0x33, 0x38, 0x42),
                surface: Rgb(0x17, 0x1a, 0x20),
                accent: Rgb(0x8a, 0xc8, 0xf0),
                lamp: Rgb(0xff, 0xc4, 0x66),
            }
        } else {
            Self {
                text: Rgb(0x1a, 0x1c, 0x22),
                muted: Rgb(0x5c, 0x61, 0x6c),
                line: Rgb(0xdd, 0xd9, 0xd0),
                surface: Rgb(0xff, 0xff, 0xff),
                accent: Rgb(0x17, 0x5c, 0x96),
                lamp: Rgb(0xb4, 0x73, 0x0a),
            }
        }
    }
}
