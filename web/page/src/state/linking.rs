//! A link to what is on the page, and what of it had no room there.

use headlight_document::link::{Link, LinkError};

/// What had no room in a link.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Lack {
    /// Other ways in which the model wrote.
    Ways,
    /// All that it wrote.
    Written,
    /// Texts that are ready to be asked about, and are not asked about yet.
    Ready,
}

impl Lack {
    /// The sentence that says so.
    #[must_use]
    pub fn key(self) -> &'static str {
        match self {
            Self::Ways => "share.lacks.ways",
            Self::Written => "share.lacks.written",
            Self::Ready => "share.lacks.ready",
        }
    }
}

/// The fragment of a link with as much as it has room for, and what it lacks. The question itself is never cut.
///
/// # Errors
/// [`LinkError::TooLarge`] where not even that fits.
pub fn encode(mut link: Link) -> Result<(String, Vec<Lack>), LinkError> {
    let mut lacks = Vec::new();
    loop {
        match link.encode() {
            Err(LinkError::TooLarge) => lacks = less(&mut link, lacks).ok_or(LinkError::TooLarge)?,
            encoded => return encoded.map(|fragment| (fragment, lacks)),
        }
    }
}

/// Leaves out the next part; none where there is no other.
fn less(link: &mut Link, mut lacks: Vec<Lack>) -> Option<Vec<Lack>> {
    let view = &mut link.view;
    if let Some(written) = view.written.as_mut().filter(|written| !written.others.is_empty()) {
        written.others.clear();
        lacks.push(Lack::Ways);
    } else if view.written.take().is_some() {
        lacks.retain(|lack| *lack != Lack::Ways);
        lacks.push(Lack::Written);
    } else {
        view.apart.take()?;
        lacks.push(Lack::Ready);
    }
    Some(lacks)
}

#[cfg(test)]
mod tests {
    use headlight_document::link::{Apart, View, Written};
    use headlight_document::{Aside, Request, Task};

    use super::*;

    /// Numbers that compress as badly as tokens do.
    fn ids(count: u32, seed: u32) -> Vec<u32> {
        (0..count).map(|at| (at + 1).wrapping_mul(2_654_435_761).wrapping_mul(seed) >> 15).collect()
    }

    fn link(others: usize, text: usize, apart: usize) -> Link {
        let words = |count: usize, seed| {
            let ids = ids(u32::try_from(count).unwrap() / 6, seed);
            ids.iter().map(u32::to_string).collect::<Vec<_>>().join(" ")
        };
        let way = |seed| Aside { after: 0, tokens: ids(1000, seed), chosen: Vec::new() };
        let others = (0..others).map(|at| way(u32::try_from(at).unwrap() * 2 + 3)).collect();
        let written = Written { tokens: ids(1000, 1), others, ..Written::default() };
        let ready = Apart { texts: words(apart, 77), ..Apart::default() };
        let view = View { written: Some(written), apart: (apart > 0).then_some(ready), ..View::default() };
        let text = format!("a{}", words(text, 55));
        Link { request: Request::new("smollm2", Task::Continue, text), model_sha256: None, view }
    }

    #[test]
    fn what_has_no_room_is_left_out_in_order_and_said() {
        use Lack::{Ready, Ways, Written};
        for (others, text, apart, lacks) in [
            (2, 1000, 0, &[][..]),
            (12, 1000, 0, &[Ways]),
            (12, 1000, 30_000, &[Ways]),
            (3, 1000, 46_000, &[Written]),
            (0, 1000, 46_000, &[Written]),
            (0, 1000, 95_000, &[Written, Ready]),
        ] {
            let whole = link(others, text, apart);
            let (fragment, found) = encode(whole.clone()).unwrap();
            assert_eq!(found, lacks, "{others} ways, {text} and {apart} bytes");
            let opened = Link::decode(&fragment).unwrap();
            assert_eq!(opened.request, whole.request);
            let written = opened.view.written;
            assert_eq!(written.is_none(), lacks.contains(&Written));
            assert_eq!(written.is_some_and(|one| !one.others.is_empty()), others > 0 && lacks.is_empty());
            assert_eq!(opened.view.apart.is_some(), apart > 0 && !lacks.contains(&Ready));
        }
        let mut long = link(1, 1000, 10_000);
        long.request.texts = vec![link(0, 99_000, 0).request.text];
        assert_eq!(encode(long), Err(LinkError::TooLarge));
    }
}
