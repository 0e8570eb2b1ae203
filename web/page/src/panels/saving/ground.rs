//! What a drawing is saved on: a paper is white, slides may be dark, and either may have a ground of its own.

use headlight_report::svg::without_ground;

use crate::browser;
use crate::locale::say;

/// What it is remembered by.
const KEY: &str = "ground";

/// The colours of a drawing in a file, and whether there is anything behind it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Ground {
    dark: bool,
    clear: bool,
}

impl Ground {
    /// All there are. The first is what nobody has to choose: paper, whatever the page looks like.
    pub const ALL: [Self; 4] = [
        Self { dark: false, clear: false },
        Self { dark: true, clear: false },
        Self { dark: false, clear: true },
        Self { dark: true, clear: true },
    ];

    /// What it is called among machines.
    pub fn name(self) -> &'static str {
        match (self.dark, self.clear) {
            (false, false) => "light",
            (true, false) => "dark",
            (false, true) => "clear-light",
            (true, true) => "clear-dark",
        }
    }

    /// The one of a name.
    pub fn of(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|ground| ground.name() == name)
    }

    /// What it is called.
    pub fn title(self) -> &'static str {
        match (self.dark, self.clear) {
            (false, false) => say("save.ground.light"),
            (true, false) => say("save.ground.dark"),
            (false, true) => say("save.ground.clear_light"),
            (true, true) => say("save.ground.clear_dark"),
        }
    }

    /// The one that was chosen last.
    pub fn remembered() -> Self {
        browser::recall(KEY).and_then(|name| Self::of(&name)).unwrap_or(Self::ALL[0])
    }

    /// Keeps it for the next visit.
    pub fn remember(self) {
        browser::remember(KEY, self.name());
    }

    /// A drawing, made light or dark by `make`, on this.
    pub fn draw(self, make: &dyn Fn(bool) -> Option<String>) -> Option<String> {
        let svg = make(self.dark)?;
        Some(if self.clear { without_ground(&svg, self.dark) } else { svg })
    }
}
