//! What is done with a fragment that nobody vouches for. The fuzz target (`fuzz/`) and the replay of its corpus
//! (`corpus.rs`) share this.

use headlight_document::link::{Link, MAX_FRAGMENT_BYTES};

/// A link that opens is one that can be made, and opens again as the same.
pub fn link(bytes: &[u8]) {
    let Ok(fragment) = std::str::from_utf8(bytes) else { return };
    let Ok(link) = Link::decode(fragment) else { return };
    if let Ok(again) = link.encode() {
        assert!(again.len() <= MAX_FRAGMENT_BYTES);
        assert_eq!(Link::decode(&again), Ok(link));
    }
}
