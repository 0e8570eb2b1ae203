//! What written tokens rest on, as a map: a row for each of them, a column for each token before it.

use headlight_document::{Piece, Row, Triangle};
use headlight_report::csv;

use super::heat::Heat;
use super::pieces::{self, split, visible};

/// Which numbers of a row are shown.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Shown {
    /// Gradient × input.
    #[default]
    GradXInput,
    /// The gradient's length, as a share of its row: rows sum to one (Inseq's normalisation of lengths).
    Share,
    /// Attention.
    Attention,
}

impl Shown {
    /// A row's numbers.
    #[must_use]
    pub fn of(self, row: &Row) -> Vec<f64> {
        match self {
            Self::GradXInput => row.grad_x_input.clone(),
            Self::Attention => row.attention.clone(),
            Self::Share => {
                let sum: f64 = row.saliency.iter().sum();
                let share = |value: &f64| if sum > 0.0 { value / sum } else { 0.0 };
                row.saliency.iter().map(share).collect()
            }
        }
    }
}

/// The map, with nothing where a row is not there or a token came later.
#[must_use]
pub fn heat(triangle: &Triangle, shown: Shown) -> Heat {
    let (rows, columns) = (triangle.written.len(), triangle.columns.len());
    let mut values = vec![f64::NAN; rows * columns];
    for row in &triangle.rows {
        let line = values.iter_mut().skip(row.step * columns).take(columns);
        line.zip(shown.of(row)).for_each(|(cell, value)| *cell = value);
    }
    Heat { rows, columns, values }
}

/// The columns that have most of a row, the most first.
#[must_use]
pub fn most(values: &[f64], count: usize) -> Vec<usize> {
    let mut all = Vec::with_capacity(count);
    while all.len() < count.min(values.len()) {
        let rest = values.iter().enumerate().filter(|(at, _)| !all.contains(at));
        let best = rest.reduce(|best, one| if one.1 > best.1 { one } else { best });
        let Some((at, _)) = best else { break };
        all.push(at);
    }
    all
}

/// What tokens are called on an axis.
#[must_use]
pub fn names(pieces: &[Piece]) -> Vec<String> {
    pieces.iter().map(|piece| visible(&piece.text)).collect()
}

/// Tokens as they follow each other, an arrow behind those of the text: as many as `seen`.
#[must_use]
pub fn flowing(columns: &[Piece], of_text: usize, seen: usize) -> Vec<pieces::Piece> {
    let mut all = Vec::with_capacity(seen.min(columns.len()));
    for (at, piece) in columns.iter().take(seen).enumerate() {
        let (space, text) = split(&piece.text, piece.special);
        let gap = if at > 0 && at == of_text { " → " } else { space };
        all.push(pieces::Piece { gap: gap.to_owned(), text: text.to_owned(), special: piece.special, aside: false });
    }
    all
}

/// The numbers of a row with comma-separated columns, and whether each token was written.
#[must_use]
pub fn table(triangle: &Triangle, row: &Row) -> String {
    let is_gaze = triangle.gazed.is_some();
    let mut table = "token,id,text,written,".to_owned();
    table.push_str(if is_gaze { "attention\r\n" } else { "saliency,grad_x_input\r\n" });
    let seen = if is_gaze { &row.attention } else { &row.grad_x_input }.len();
    for (at, piece) in triangle.columns.iter().take(seen).enumerate() {
        let value = |values: &[f64]| values.get(at).copied();
        let (id, text) = (piece.id as usize, csv::text(&piece.text));
        let written = (at >= triangle.text).to_string();
        let (attention, saliency, grad) = (value(&row.attention), value(&row.saliency), value(&row.grad_x_input));
        if is_gaze {
            csv::line(&mut table, &[&at, &id, &text, &written, &attention]);
        } else {
            csv::line(&mut table, &[&at, &id, &text, &written, &saliency, &grad]);
        }
    }
    table
}

#[cfg(test)]
mod tests {
    use headlight_document::{AttentionKind, Gazed, Whose};

    use super::*;

    #[test]
    fn shares_sum_to_one_and_what_comes_later_is_empty() {
        let piece = |id| Piece { id, text: " a".into(), special: false };
        let row = |step: usize, saliency: &[f64]| Row {
            step,
            value: 1.0,
            saliency: saliency.to_vec(),
            grad_x_input: saliency.iter().map(|value| -value).collect(),
            attention: Vec::new(),
        };
        let triangle = Triangle {
            columns: vec![piece(1), piece(2), piece(3)],
            text: 1,
            written: vec![piece(2), piece(3), piece(4)],
            rows: vec![row(0, &[2.0]), row(2, &[1.0, 1.0, 2.0])],
            gazed: None,
        };
        let map = heat(&triangle, Shown::Share);
        assert_eq!((map.rows, map.columns), (3, 3));
        assert_eq!((map.at(0, 0), map.at(2, 2)), (Some(1.0), Some(0.5)));
        assert!([(0, 1), (1, 0), (1, 2)].iter().all(|&(row, column)| map.at(row, column).is_some_and(f64::is_nan)));
        assert_eq!(heat(&triangle, Shown::GradXInput).at(2, 2), Some(-2.0));
        assert_eq!(Shown::Share.of(&row(0, &[0.0, 0.0])), [0.0, 0.0]);
        assert_eq!(most(&[0.1, 0.6, 0.3], 2), [1, 2]);
        assert_eq!(most(&[0.1], 3), [0]);
        assert_eq!(names(&triangle.columns)[0], visible(" a"));
        // What it rests on, as text and as numbers.
        let gaps = |seen| flowing(&triangle.columns, 1, seen).into_iter().map(|piece| piece.gap).collect::<Vec<_>>();
        assert_eq!((gaps(3), gaps(1)), (vec![" ".to_owned(), " → ".to_owned(), " ".to_owned()], vec![" ".to_owned()]));
        let said = "token,id,text,written,saliency,grad_x_input\r\n0,1,\" a\",false,1,-1\r\n1,2,\" a\",true,1,-1\r\n2,3,\" a\",true,2,-2\r\n";
        assert_eq!(table(&triangle, &triangle.rows[1]), said);
        let gaze = Row { attention: vec![1.0], ..row(0, &[]) };
        let gazed = Gazed { kind: AttentionKind::SelfAttention, whose: Whose::Layer(0), layers: 1, heads: 1 };
        let triangle = Triangle { gazed: Some(gazed), ..triangle };
        assert_eq!(table(&triangle, &gaze), "token,id,text,written,attention\r\n0,1,\" a\",false,1\r\n");
    }
}
