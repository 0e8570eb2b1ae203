//! What is done with a fragment that nobody vouches for. The fuzz target (`fuzz/`) and the replay of its corpus
//! (`corpus.rs`) share this.

use base64ct::{Base64UrlUnpadded, Encoding as _};
use headlight_document::Frozen;
use headlight_document::frozen::{MAX_FROZEN_BYTES, PREFIX};
use headlight_document::link::{Link, MAX_FRAGMENT_BYTES};

/// A link that opens is one that can be made, and opens again as the same.
#[allow(dead_code, reason = "each fuzz target has one of these")]
pub fn link(bytes: &[u8]) {
    let Ok(fragment) = std::str::from_utf8(bytes) else { return };
    let Ok(link) = Link::decode(fragment) else { return };
    if let Ok(again) = link.encode() {
        assert!(again.len() <= MAX_FRAGMENT_BYTES);
        assert_eq!(Link::decode(&again), Ok(link));
    }
}

/// What is packed into a frozen link, whatever it is, is refused or opens; what opens can be made again and is the same then.
#[allow(dead_code, reason = "each fuzz target has one of these")]
pub fn frozen(bytes: &[u8]) {
    let packed = miniz_oxide::deflate::compress_to_vec(bytes, 1);
    let fragment = format!("{PREFIX}{}", Base64UrlUnpadded::encode_string(&packed));
    let Ok(frozen) = Frozen::decode(&fragment) else { return };
    assert_eq!(frozen.document.validate(), Ok(()));
    if let Ok((again, ..)) = frozen.encode() {
        assert!(again.len() <= MAX_FRAGMENT_BYTES && Frozen::decode(&again).is_ok());
    }
}

/// What is packed into a frozen link; none where it is no such link.
#[allow(dead_code, reason = "seeds alone are made so")]
pub fn unpacked(fragment: &str) -> Option<Vec<u8>> {
    let packed = Base64UrlUnpadded::decode_vec(fragment.strip_prefix(PREFIX)?).ok()?;
    miniz_oxide::inflate::decompress_to_vec_with_limit(&packed, MAX_FROZEN_BYTES).ok()
}
