//! The queries and keys of the open head: asked for once, while they are shown.

use headlight_document::message::{Command, Event, RequestId};
use headlight_document::{AttentionKind, Neurons};

use crate::locale::say;

/// The first number of such a request, behind those of looks.
pub const FIRST: RequestId = (3 << 30) + (1 << 28);

/// Which head, of which of the page's answers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Place {
    /// The number of the answer.
    pub answer: u32,
    /// Which attention.
    pub kind: AttentionKind,
    /// Layer and head.
    pub head: (usize, usize),
}

/// What is known of a head's inside.
#[derive(Clone, Debug, Default, PartialEq)]
pub enum Known {
    /// Nothing was asked.
    #[default]
    Nothing,
    /// The model runs: layers that are done, of how many.
    Pending(u64, Option<u64>),
    /// Here.
    Here(Box<Neurons>),
    /// It can't be had, and why.
    Failed(String),
}

/// The inside of one head.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Inside {
    place: Option<Place>,
    known: Known,
    asked: RequestId,
}

impl Inside {
    /// What is known of the head at `place`.
    #[must_use]
    pub fn of(&self, place: Place) -> &Known {
        if self.place == Some(place) { &self.known } else { &Known::Nothing }
    }

    /// Turns to another head, of the answer that the engine knows as `of`; gives what to tell the engine.
    #[must_use]
    pub fn turn(&mut self, place: Place, of: Option<RequestId>) -> Vec<Command> {
        if self.place == Some(place) {
            return Vec::new();
        }
        let mut commands = self.leave();
        self.place = Some(place);
        self.known = match of {
            Some(of) => {
                self.asked = self.asked.checked_add(1).filter(|id| *id > FIRST).unwrap_or(FIRST);
                commands.push(Command::Neurons { id: self.asked, of, kind: place.kind, head: place.head });
                Known::Pending(0, None)
            }
            None => Known::Failed(say(GONE).to_owned()),
        };
        commands
    }

    /// Turns away; gives what to tell the engine.
    #[must_use]
    pub fn leave(&mut self) -> Vec<Command> {
        self.place = None;
        match std::mem::take(&mut self.known) {
            Known::Pending(..) => vec![Command::Cancel { id: self.asked }],
            _ => Vec::new(),
        }
    }

    /// Takes what the engine says; whether it was about this.
    pub fn hear(&mut self, event: Event) -> bool {
        let is_awaited = matches!(self.known, Known::Pending(..));
        match event {
            Event::Progress { id, done, total, .. } if id >= FIRST => {
                if is_awaited && id == self.asked {
                    self.known = Known::Pending(done, total);
                }
            }
            Event::Neurons { id, neurons } => {
                if is_awaited && id == self.asked {
                    self.known = neurons.map_or_else(|| Known::Failed(say(GONE).to_owned()), Known::Here);
                }
            }
            Event::Failed { id, failure } if id >= FIRST => {
                if is_awaited && id == self.asked {
                    self.known = Known::Failed(failure.message);
                }
            }
            Event::Cancelled { id } if id >= FIRST => {}
            _ => return false,
        }
        true
    }

    /// The engine is gone.
    pub fn lose(&mut self) {
        if matches!(self.known, Known::Pending(..)) {
            self.known = Known::Failed(say(GONE).to_owned());
        }
    }
}

const GONE: &str = "neurons.gone";

/// One query and one key, number by number.
#[must_use]
pub fn products(neurons: &Neurons, query: usize, key: usize) -> Option<Vec<f32>> {
    let query = neurons.query_values.chunks_exact(neurons.width.max(1)).nth(query)?;
    let key = neurons.key_values.chunks_exact(neurons.width.max(1)).nth(key)?;
    Some(query.iter().zip(key).map(|(a, b)| a * b).collect())
}

/// A query's scores, with none for keys that it may not see.
#[must_use]
pub fn scores(neurons: &Neurons, query: usize) -> Vec<Option<f32>> {
    let row = neurons.scores.chunks_exact(neurons.keys.max(1)).nth(query).unwrap_or_default();
    row.iter().map(|score| (*score > -1e8).then_some(*score)).collect()
}

/// The softmax of scores: what is seen of each key.
#[must_use]
pub fn weights(scores: &[Option<f32>]) -> Vec<f32> {
    let most = scores.iter().flatten().copied().fold(f32::NEG_INFINITY, f32::max);
    let exps: Vec<f32> = scores.iter().map(|score| score.map_or(0.0, |score| (score - most).exp())).collect();
    let sum: f32 = exps.iter().sum();
    exps.iter().map(|exp| exp / sum.max(f32::MIN_POSITIVE)).collect()
}

#[cfg(test)]
mod tests {
    use headlight_document::message::Failure;

    use super::*;

    fn place(head: usize) -> Place {
        Place { answer: 1, kind: AttentionKind::Encoder, head: (2, head) }
    }

    fn neurons() -> Box<Neurons> {
        Box::new(Neurons {
            queries: 2,
            keys: 2,
            width: 2,
            query_values: vec![1.0, 2.0, 3.0, 4.0],
            key_values: vec![0.5, -1.0, 2.0, 0.0],
            scores: vec![0.0, -1e9, 1.0, 1.0],
        })
    }

    #[test]
    fn a_head_is_asked_for_once_and_given_up_for_another() {
        let mut inside = Inside::default();
        assert_eq!(
            inside.turn(place(0), Some(7)),
            [Command::Neurons { id: FIRST, of: 7, kind: AttentionKind::Encoder, head: (2, 0) }]
        );
        assert_eq!(inside.turn(place(0), Some(7)), []);
        let progress =
            Event::Progress { id: FIRST, stage: headlight_document::message::Stage::Forward, done: 3, total: Some(9) };
        assert!(inside.hear(progress));
        assert_eq!(*inside.of(place(0)), Known::Pending(3, Some(9)));
        assert_eq!(inside.turn(place(1), Some(7))[0], Command::Cancel { id: FIRST });
        assert!(inside.hear(Event::Neurons { id: FIRST, neurons: Some(neurons()) }), "it came too late");
        assert_eq!(*inside.of(place(1)), Known::Pending(0, None));
        assert!(inside.hear(Event::Neurons { id: FIRST + 1, neurons: Some(neurons()) }));
        assert_eq!(*inside.of(place(1)), Known::Here(neurons()));
        assert_eq!(*inside.of(place(0)), Known::Nothing);
        assert_eq!(inside.leave(), []);
        assert!(!inside.hear(Event::Cancelled { id: 4 }), "that is somebody else's");
    }

    #[test]
    fn what_fails_says_why() {
        let mut inside = Inside::default();
        assert_eq!(inside.turn(place(0), None), []);
        assert_eq!(*inside.of(place(0)), Known::Failed(say(GONE).to_owned()));
        assert_eq!(inside.turn(place(1), Some(7)).len(), 1);
        let failure = Failure { message: "No.".to_owned(), retry: false };
        inside.hear(Event::Failed { id: FIRST, failure });
        assert_eq!(*inside.of(place(1)), Known::Failed("No.".to_owned()));
        assert_eq!(inside.turn(place(2), Some(7)).len(), 1);
        inside.lose();
        assert_eq!(*inside.of(place(2)), Known::Failed(say(GONE).to_owned()));
    }

    #[test]
    fn products_sum_to_scores_and_scores_become_weights() {
        let neurons = neurons();
        assert_eq!(products(&neurons, 1, 0), Some(vec![1.5, -4.0]));
        assert_eq!(products(&neurons, 2, 0), None);
        assert_eq!(scores(&neurons, 0), [Some(0.0), None]);
        assert_eq!(weights(&scores(&neurons, 0)), [1.0, 0.0]);
        assert_eq!(weights(&scores(&neurons, 1)), [0.5, 0.5]);
        assert!(weights(&scores(&neurons, 9)).is_empty());
    }
}
