//! Figures of attention maps and of heads.

mod heads;
mod induction;
pub(crate) mod joint;
mod maps;
mod marks;
mod neurons;
mod profile;
mod rows;
mod square;
mod summary;

pub(crate) use heads::stacks;
pub use heads::{Attends, ByHead, ByLayer, ByToken};
pub use induction::{Repeated, induction};
pub use maps::{LeftOut, Maps, smaller};
pub use marks::Kind;
pub use neurons::{Neurons, neurons};
pub use profile::{BROAD, HeadLabel, HeadProfile, POSITION, Profile, SPECIAL, Tokens, mean, profile};
pub use rows::rows;
pub use square::Square;
pub use summary::{Counted, Summary, summarise};
