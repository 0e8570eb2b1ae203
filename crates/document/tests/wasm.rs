//! The same link in wasm, where the page opens it.
//!
//! Without the standard test harness: a wasm standard library built from source has none, and the tests' runner
//! doesn't need it.
#![cfg_attr(target_arch = "wasm32", no_main)]
#![allow(clippy::unwrap_used, reason = "a panic is how a test fails")]

#[cfg(target_arch = "wasm32")]
mod tests {
    use headlight_document::link::{Link, LinkError, View};
    use headlight_document::{Request, Task};
    use wasm_bindgen_test::wasm_bindgen_test;

    #[wasm_bindgen_test]
    fn a_link_opens_as_it_was_made() {
        let request = Request::new("smollm2", Task::Continue, "Das ist 好 <b>x</b> 🙂");
        let link = Link { request, model_sha256: None, view: View { head: Some((3, 4)), ..View::default() } };
        assert_eq!(Link::decode(&link.encode().unwrap()), Ok(link));
    }

    #[wasm_bindgen_test]
    fn a_strangers_link_is_an_error() {
        assert_eq!(Link::decode("#1.AAAA"), Err(LinkError::Damaged));
        assert_eq!(Link::decode("#/etc/passwd"), Err(LinkError::UnknownVersion));
    }
}

#[cfg(not(target_arch = "wasm32"))]
fn main() {}
