//! Models that a person brings: out of a Hugging Face repository or out of a folder.
//!
//! This room decides and never fetches: it reads an [`id`](HubId), builds the addresses below a [`Base`], reads the
//! hub's [`Listing`], chooses the files to take ([`choose`]), says what a server's answer means ([`Obstacle`]), and
//! describes what a cache holds ([`Record`]). The page's worker and the command line fetch, each in its own way, and
//! agree because they ask here.
//!
//! Ids, listings and answers are untrusted: their sizes are bounded, names that would leave a folder are refused, and
//! nothing in them can name another host.

mod address;
mod answer;
mod choose;
mod error;
mod gguf;
mod id;
mod listing;
mod name;
mod record;

pub use address::{Base, DEFAULT_BASE};
pub use answer::{Obstacle, Range};
pub use choose::{Plan, Planned, choose};
pub use error::HubError;
pub use id::HubId;
pub use listing::{Item, Listing};
pub use name::{common_folder, is_plain_path};
pub use record::{Hashes, Record, deletable, describe};

/// What a listing or a folder may claim at most. Real ones stay far below.
pub mod limits {
    /// Bytes of a listing.
    pub const LISTING_BYTES: usize = 16 << 20;
    /// Files in a repository or folder.
    pub const FILES: usize = 50_000;
    /// Bytes of one path.
    pub const PATH_BYTES: usize = 512;
    /// Files that the weights are cut into.
    pub const SHARDS: usize = 256;
    /// Bytes of one small file: a configuration, a vocabulary, an index.
    pub const SMALL_BYTES: u64 = 64 << 20;
    /// Bytes of all files that are taken, together.
    pub const MODEL_BYTES: u64 = 64 << 30;
    /// Bytes that are not fetched before a person has agreed.
    pub const CONSENT_BYTES: u64 = headlight_document::source::CONSENT_BYTES;
}
