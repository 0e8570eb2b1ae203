//! Which keys are at which kind of place for a query.

/// A kind of key, as seen from a query.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Kind {
    /// The token before the query.
    Previous,
    /// The token after it.
    Next,
    /// The query itself.
    Same,
    /// The text's first token.
    First,
    /// Special tokens.
    Special,
    /// The same token elsewhere: earlier, where a query sees only what came before.
    Duplicate,
    /// The token after the same token elsewhere: where a text that repeats itself would go on (Olsson et al. 2022).
    Induction,
}

impl Kind {
    /// Every kind.
    pub const ALL: [Self; 7] =
        [Self::Previous, Self::Next, Self::Same, Self::First, Self::Special, Self::Duplicate, Self::Induction];
}

/// Queries and keys.
pub(crate) struct Sides<'a> {
    pub queries: &'a [u32],
    pub keys: &'a [u32],
    /// Which keys are special.
    pub special: &'a [bool],
    /// Whether a query sees only itself and what came before.
    pub is_causal: bool,
    /// Whether queries and keys are the same tokens.
    pub is_own: bool,
}

/// What attention is multiplied with to be summed up: for every query and key, the attention's mass, the distance, and each
/// kind's share in the mean over its queries.
pub(crate) struct Marks {
    pub queries: usize,
    pub keys: usize,
    /// Which kinds there are queries for.
    kinds: Vec<Kind>,
    is_own: bool,
    /// `[query, key, column]`.
    pub values: Vec<f64>,
}

/// Columns before those of the kinds: mass and distance.
const BEFORE: usize = 2;

impl Marks {
    pub fn of(sides: &Sides<'_>) -> Self {
        let (queries, keys) = (sides.queries.len(), sides.keys.len());
        let found = Kind::ALL.into_iter().map(|kind| (kind, sides.at(kind)));
        let (kinds, places): (Vec<Kind>, Vec<Vec<Vec<usize>>>) =
            found.filter(|(_, places)| places.iter().any(|keys| !keys.is_empty())).unzip();
        let columns = BEFORE + kinds.len();
        let mut values = vec![0.0; queries * keys * columns];
        let mut put = |query: usize, key: usize, column: usize, value: f64| {
            if let Some(place) = values.get_mut((query * keys + key) * columns + column) {
                *place = value;
            }
        };
        for query in 0..queries {
            for key in 0..keys {
                put(query, key, 0, 1.0);
                put(query, key, 1, if sides.is_own { query.abs_diff(key) as f64 } else { 0.0 });
            }
        }
        for (column, places) in places.iter().enumerate() {
            let share = 1.0 / places.iter().filter(|keys| !keys.is_empty()).count().max(1) as f64;
            for (query, keys) in places.iter().enumerate() {
                keys.iter().for_each(|key| put(query, *key, BEFORE + column, share));
            }
        }
        Self { queries, keys, kinds, is_own: sides.is_own, values }
    }

    pub fn columns(&self) -> usize {
        BEFORE + self.kinds.len()
    }

    /// Distance and shares out of a head's columns.
    pub fn read(&self, columns: &[f64]) -> (Option<f64>, [Option<f64>; Kind::ALL.len()]) {
        let share = |kind| {
            let at = self.kinds.iter().position(|known| *known == kind)?;
            columns.get(BEFORE + at).copied()
        };
        let distance = match columns {
            [mass, distance, ..] if self.is_own && *mass > 0.0 => Some(distance / mass),
            _ => None,
        };
        (distance, Kind::ALL.map(share))
    }
}

impl Sides<'_> {
    /// For each query its keys of this kind. Keys that a causal query does not see count for nothing, though the query counts:
    /// nobody's attention goes to what comes next, and that is said.
    fn at(&self, kind: Kind) -> Vec<Vec<usize>> {
        let keys = self.keys.len();
        let of = |query: usize| -> Vec<usize> {
            let one = |key: Option<usize>| key.filter(|key| self.is_own && *key < keys).into_iter().collect();
            match kind {
                Kind::Previous => one(query.checked_sub(1)),
                Kind::Next => one(Some(query + 1)),
                Kind::Same => one(Some(query)),
                Kind::First => (0..keys.min(1)).collect(),
                Kind::Special => (0..keys).filter(|key| self.special.get(*key) == Some(&true)).collect(),
                Kind::Duplicate => self.duplicates(query).collect(),
                Kind::Induction => self.duplicates(query).map(|key| key + 1).filter(|key| *key < keys).collect(),
            }
        };
        (0..self.queries.len()).map(of).collect()
    }

    fn duplicates(&self, query: usize) -> impl Iterator<Item = usize> + '_ {
        let end = if self.is_causal { query } else { self.keys.len() };
        let is_same = move |key: &usize| *key != query && self.keys.get(*key) == self.queries.get(query);
        (0..end).filter(move |key| self.is_own && is_same(key))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const IDS: [u32; 5] = [7, 8, 9, 7, 8];

    fn sides(is_causal: bool) -> Sides<'static> {
        Sides { queries: &IDS, keys: &IDS, special: &[true, false, false, false, false], is_causal, is_own: true }
    }

    #[test]
    fn an_earlier_occurrence_and_what_came_after_it_are_found() {
        assert_eq!(sides(true).at(Kind::Duplicate), [vec![], vec![], vec![], vec![0], vec![1]]);
        assert_eq!(sides(true).at(Kind::Induction), [vec![], vec![], vec![], vec![1], vec![2]]);
        assert_eq!(sides(false).at(Kind::Duplicate), [vec![3], vec![4], vec![], vec![0], vec![1]]);
        assert_eq!(sides(false).at(Kind::Induction), [vec![4], vec![], vec![], vec![1], vec![2]]);
    }

    #[test]
    fn shares_are_means_over_the_queries_that_have_such_a_key() {
        let marks = Marks::of(&sides(true));
        // Every query looks at the token before it, the first at itself.
        let mut columns = vec![0.0; marks.columns()];
        for query in 0..5_usize {
            let start = (query * 5 + query.saturating_sub(1)) * marks.columns();
            let row = &marks.values[start..start + marks.columns()];
            columns.iter_mut().zip(row).for_each(|(sum, value)| *sum += value);
        }
        let (distance, shares) = marks.read(&columns);
        assert_eq!(distance, Some(0.8));
        let share = |kind: Kind| shares[kind as usize];
        assert_eq!((share(Kind::Previous), share(Kind::Next), share(Kind::Same)), (Some(1.0), Some(0.0), Some(0.2)));
        assert_eq!((share(Kind::First), share(Kind::Special)), (Some(0.4), Some(0.4)));
        assert_eq!((share(Kind::Duplicate), share(Kind::Induction)), (Some(0.0), Some(0.0)));
    }

    #[test]
    fn attention_to_an_encoder_has_no_distance_and_no_neighbours() {
        let marks = Marks::of(&Sides { is_own: false, is_causal: false, queries: &[7, 9], ..sides(false) });
        assert_eq!(marks.kinds, [Kind::First, Kind::Special]);
        assert_eq!(marks.read(&[1.0, 0.0, 0.5, 0.25]).0, None);
    }
}
