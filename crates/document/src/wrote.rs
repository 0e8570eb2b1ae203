//! What a model wrote, as it stands in an explanation: every decision of the way that the text took and of the ways that were left,
//! how each was made, and what the tokens rest on as far as that was worked out.

use serde::{Deserialize, Serialize};

use crate::generation::{MAX_WRITTEN, Sampling, Step};
use crate::request::Read;
use crate::triangle::Triangle;

/// The most other ways that are kept of one text.
pub const MAX_WAYS: usize = 16;

/// What a model wrote after a text, or as its translation.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Wrote {
    /// The text that it went on with or translated.
    pub text: String,
    /// What stands there.
    pub way: Way,
    /// Other ways that were taken before, the newest last.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub others: Vec<Way>,
    /// The token that is open, counted from 0.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub open: Option<usize>,
    /// As what the tokens were read for `triangle`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub read: Option<Read>,
    /// What the tokens of `way` rest on: those rows that were worked out.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub triangle: Option<Triangle>,
    /// Where the model looked as it wrote them: the attention that was asked for last.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub gazed: Option<Triangle>,
}

/// One way in which a text goes on.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Way {
    /// Its steps.
    pub steps: Vec<Step>,
    /// Whether the model ended it.
    pub ended: bool,
    /// How they were chosen, the first ones first; of those before that it is not known.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub chosen: Vec<Chosen>,
}

/// How tokens were chosen, from one of them on.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Chosen {
    /// The first of them, counted from 0.
    pub from: usize,
    /// How. A drawn token's random number is that of its place, so that this and what stands before it give it again.
    pub sampling: Sampling,
    /// Whether a person took the first one, whatever the model would have chosen.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub taken: bool,
}

/// Another way, told by how it differs from the one that stands there.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Aside {
    /// How many tokens it begins with that are the same.
    pub after: usize,
    /// What follows them.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub tokens: Vec<u32>,
    /// How they were chosen.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub chosen: Vec<Chosen>,
}

impl Way {
    /// Its tokens, by number.
    #[must_use]
    pub fn ids(&self) -> Vec<u32> {
        self.steps.iter().map(|step| step.token.id).collect()
    }
}

impl Aside {
    /// A way beside `now`.
    #[must_use]
    pub fn of(now: &[u32], way: &[u32], chosen: &[Chosen]) -> Self {
        let after = now.iter().zip(way).take_while(|(here, there)| here == there).count();
        Self { after, tokens: way.get(after..).unwrap_or_default().to_vec(), chosen: chosen.to_vec() }
    }

    /// All its tokens.
    #[must_use]
    pub fn ids(&self, now: &[u32]) -> Vec<u32> {
        [now.get(..self.after).unwrap_or(now), &self.tokens].concat()
    }

    /// Whether it can be one beside a way of so many tokens.
    #[must_use]
    pub(crate) fn is_possible(&self, now: usize) -> bool {
        let count = self.after.saturating_add(self.tokens.len());
        self.after <= now && (1..=MAX_WRITTEN).contains(&count) && are_possible(&self.chosen, count)
    }
}

/// Whether tokens, of which there are so many, can have been chosen so.
pub(crate) fn are_possible(chosen: &[Chosen], count: usize) -> bool {
    chosen.len() <= count
        && chosen.iter().all(|one| one.from < count && one.sampling.validate().is_ok())
        && chosen.iter().zip(chosen.iter().skip(1)).all(|(one, next)| one.from <= next.from)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_way_is_told_by_how_it_differs() {
        for (now, way) in [(&[1, 2, 3][..], &[1, 2, 4, 5][..]), (&[1, 2], &[1, 2, 3]), (&[1, 2, 3], &[1]), (&[1], &[2])]
        {
            let aside = Aside::of(now, way, &[]);
            assert_eq!(aside.ids(now), way);
            assert!(aside.is_possible(now.len()));
        }
        assert_eq!(
            Aside::of(&[1, 2, 3], &[1, 2, 4, 5], &[]),
            Aside { after: 2, tokens: vec![4, 5], chosen: Vec::new() }
        );
    }

    #[test]
    fn what_no_model_could_have_written_is_refused() {
        let chosen = |from| Chosen { from, sampling: Sampling::default(), taken: false };
        let aside = |after, tokens: usize, chosen: &[Chosen]| {
            Aside { after, tokens: vec![7; tokens], chosen: chosen.to_vec() }.is_possible(4)
        };
        assert!(aside(4, 1, &[chosen(0), chosen(4)]) && aside(1, 0, &[]));
        assert!(!aside(5, 1, &[]) && !aside(0, 0, &[]) && !aside(usize::MAX, 2, &[]));
        assert!(!aside(4, MAX_WRITTEN - 3, &[]) && aside(4, MAX_WRITTEN - 4, &[]));
        assert!(!aside(1, 1, &[chosen(2)]) && !aside(1, 1, &[chosen(1), chosen(0)]));
        let odd = Chosen { sampling: Sampling { top_p: 0.0, ..Sampling::default() }, ..chosen(0) };
        assert!(!aside(1, 1, &[odd]));
    }
}
