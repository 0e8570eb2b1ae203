//! What a person changes of the model: turning changes on and off, and saying what they are and what came of them.

use headlight_document::{AttentionKind, Candidate, Intervention, Scaled};

use super::heat;

use crate::locale::say;

/// Scales a part; 100 hundredths leave it as it is, and take it off the list.
pub fn scale(intervention: &mut Intervention, part: Scaled) {
    let is_same = |one: &Scaled| (one.kind, one.layer, one.head) == (part.kind, part.layer, part.head);
    intervention.scaled.retain(|one| !is_same(one));
    if part.percent != 100 {
        intervention.scaled.push(part);
    }
}

/// How much of a part is left, in hundredths.
#[must_use]
pub fn percent(intervention: &Intervention, kind: AttentionKind, layer: usize, head: Option<usize>) -> u16 {
    let part = intervention.scaled.iter().find(|one| (one.kind, one.layer, one.head) == (kind, layer, head));
    part.map_or(100, |part| part.percent)
}

/// Hides a token from attention, or no longer.
pub fn toggle_hidden(intervention: &mut Intervention, token: usize) {
    match intervention.hidden.iter().position(|one| *one == token) {
        Some(at) => {
            intervention.hidden.remove(at);
        }
        None => intervention.hidden.push(token),
    }
}

/// A change in words.
#[must_use]
pub fn words(part: &Scaled, has_kinds: bool) -> String {
    let stack = if has_kinds { format!("{}: ", heat::title(part.kind)) } else { String::new() };
    let what = match part.head {
        Some(head) => format!("L{}H{head}", part.layer),
        None => format!("MLP {}", part.layer),
    };
    let how = match part.percent {
        0 => say("changed.taken_out").to_owned(),
        percent => format!("× {}", f64::from(percent) / 100.0),
    };
    format!("{stack}{what} {how}")
}

/// A candidate before and after.
#[derive(Clone, Debug, PartialEq)]
pub struct Compared {
    /// Its number.
    pub id: u32,
    /// What it says.
    pub text: String,
    /// Its probability (or score) before, where it was among the best.
    pub before: Option<f64>,
    /// After, the same.
    pub after: Option<f64>,
}

/// The candidates of both answers, those of the changed model first.
#[must_use]
pub fn compared(before: &[Candidate], after: &[Candidate]) -> Vec<Compared> {
    let of = |all: &[Candidate], id: u32| all.iter().find(|one| one.id == id).map(|one| one.prob);
    let one = |candidate: &Candidate| Compared {
        id: candidate.id,
        text: candidate.text.clone(),
        before: of(before, candidate.id),
        after: of(after, candidate.id),
    };
    let gone = before.iter().filter(|candidate| of(after, candidate.id).is_none());
    after.iter().chain(gone).map(one).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn part(head: Option<usize>, percent: u16) -> Scaled {
        Scaled { kind: AttentionKind::SelfAttention, layer: 3, head, percent }
    }

    #[test]
    fn a_part_is_changed_once_and_as_it_is_not_at_all() {
        let mut intervention = Intervention::default();
        scale(&mut intervention, part(Some(1), 0));
        scale(&mut intervention, part(None, 50));
        scale(&mut intervention, part(Some(1), 200));
        assert_eq!(intervention.scaled, [part(None, 50), part(Some(1), 200)]);
        assert_eq!(percent(&intervention, AttentionKind::SelfAttention, 3, Some(1)), 200);
        assert_eq!(percent(&intervention, AttentionKind::Encoder, 3, Some(1)), 100);
        scale(&mut intervention, part(Some(1), 100));
        assert_eq!(intervention.scaled, [part(None, 50)]);
        toggle_hidden(&mut intervention, 4);
        toggle_hidden(&mut intervention, 2);
        toggle_hidden(&mut intervention, 4);
        assert_eq!(intervention.hidden, [2]);
    }

    #[test]
    fn changes_are_said_in_words() {
        assert_eq!(words(&part(Some(1), 0), false), "L3H1 taken out");
        assert_eq!(words(&part(None, 50), true), "The decoder: MLP 3 × 0.5");
    }

    #[test]
    fn candidates_stand_beside_what_they_were() {
        let one = |id: u32, prob: f64| Candidate { id, text: id.to_string(), logit: 0.0, prob };
        let all = compared(&[one(1, 0.9), one(2, 0.1)], &[one(3, 0.6), one(1, 0.4)]);
        let found: Vec<_> = all.iter().map(|one| (one.id, one.before, one.after)).collect();
        assert_eq!(found, [(3, None, Some(0.6)), (1, Some(0.9), Some(0.4)), (2, Some(0.1), None)]);
    }
}
