//! The figures of a comparison as a table, which can be sorted and saved, and its values as another.

use headlight_document::{Explanation, Faithfulness, Measured};
use headlight_statistics::Plausibility;

use super::format::{duration, number, percent};
use super::names;

use crate::locale::say;

/// A figure of each method.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Column {
    /// AOPC of comprehensiveness.
    Comprehensiveness,
    /// AOPC of sufficiency.
    Sufficiency,
    /// The area below the deletion curve.
    Deletion,
    /// The share of random orders that deletion does better than.
    DeletionRank,
    /// The area below the insertion curve.
    Insertion,
    /// The share of random orders that insertion does better than.
    InsertionRank,
    /// Kendall's τ with leave-one-out.
    TauLoo,
    /// The greatest change where the embeddings hardly change.
    Sensitivity,
    /// Spearman's ρ with an untrained model.
    Untrained,
    /// F1 with a person's marks.
    F1,
    /// The area below precision over recall, with a person's marks.
    Auprc,
    /// How long it took.
    Time,
}

/// Which end of a figure is the better one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Better {
    /// The higher.
    Higher,
    /// The lower.
    Lower,
    /// What is nearest to nought: either sign tells of a likeness.
    Nought,
}

impl Better {
    /// What is least for the best figure.
    fn key(self, figure: f64) -> f64 {
        match self {
            Self::Higher => -figure,
            Self::Lower => figure,
            Self::Nought => figure.abs(),
        }
    }

    /// In words.
    #[must_use]
    pub fn title(self) -> &'static str {
        match self {
            Self::Higher => say("methods.higher"),
            Self::Lower => say("methods.lower"),
            Self::Nought => say("methods.nought"),
        }
    }

    /// As a sign beside a column's title.
    #[must_use]
    pub fn sign(self) -> &'static str {
        match self {
            Self::Higher => " ↑",
            Self::Lower => " ↓",
            Self::Nought => " → 0",
        }
    }
}

impl Column {
    /// Every column.
    pub const ALL: &[Self] = &[
        Self::Comprehensiveness,
        Self::Sufficiency,
        Self::Deletion,
        Self::DeletionRank,
        Self::Insertion,
        Self::InsertionRank,
        Self::TauLoo,
        Self::Sensitivity,
        Self::Untrained,
        Self::F1,
        Self::Auprc,
        Self::Time,
    ];

    /// As a saved table names it.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Comprehensiveness => "aopc_comprehensiveness",
            Self::Sufficiency => "aopc_sufficiency",
            Self::Deletion => "deletion_area",
            Self::DeletionRank => "deletion_better_than",
            Self::Insertion => "insertion_area",
            Self::InsertionRank => "insertion_better_than",
            Self::TauLoo => "tau_loo",
            Self::Sensitivity => "sensitivity_max",
            Self::Untrained => "randomization",
            Self::F1 => "plausibility_f1",
            Self::Auprc => "plausibility_auprc",
            Self::Time => "time_ms",
        }
    }

    /// As people read it.
    #[must_use]
    pub fn title(self) -> &'static str {
        match self {
            Self::Comprehensiveness => say("methods.column.comprehensiveness"),
            Self::Sufficiency => say("methods.column.sufficiency"),
            Self::Deletion => say("methods.column.deletion"),
            Self::DeletionRank => say("methods.column.rank"),
            Self::Insertion => say("methods.column.insertion"),
            Self::InsertionRank => say("methods.column.rank"),
            Self::TauLoo => say("methods.column.tau"),
            Self::Sensitivity => say("methods.column.sensitivity"),
            Self::Untrained => say("methods.column.untrained"),
            Self::F1 => say("methods.column.f1"),
            Self::Auprc => say("methods.column.auprc"),
            Self::Time => say("methods.column.time"),
        }
    }

    /// What it says.
    #[must_use]
    pub fn meaning(self) -> &'static str {
        match self {
            Self::Comprehensiveness => say("methods.column.comprehensiveness.why"),
            Self::Sufficiency => say("methods.column.sufficiency.why"),
            Self::Deletion => say("methods.column.deletion.why"),
            Self::Insertion => say("methods.column.insertion.why"),
            Self::DeletionRank | Self::InsertionRank => say("methods.column.rank.why"),
            Self::TauLoo => say("methods.column.tau.why"),
            Self::Sensitivity => say("methods.column.sensitivity.why"),
            Self::Untrained => say("methods.column.untrained.why"),
            Self::F1 | Self::Auprc => say("methods.column.marks.why"),
            Self::Time => say("methods.column.time.why"),
        }
    }

    /// Which end is the better one.
    #[must_use]
    pub fn better(self) -> Better {
        match self {
            Self::Sufficiency | Self::Deletion | Self::Sensitivity | Self::Time => Better::Lower,
            Self::Untrained => Better::Nought,
            _ => Better::Higher,
        }
    }

    /// A figure as people read it.
    #[must_use]
    pub fn text(self, figure: Option<f64>) -> String {
        match (self, figure) {
            (_, None) => "–".to_owned(),
            (Self::Time, Some(figure)) => duration(figure),
            (Self::DeletionRank | Self::InsertionRank, Some(figure)) => percent(figure),
            (_, Some(figure)) => number(figure),
        }
    }
}

/// One row: a method, or the random orders.
#[derive(Clone, Debug, PartialEq)]
pub struct Row {
    /// Its name in a saved table.
    pub name: &'static str,
    /// As people read it.
    pub title: &'static str,
    /// A figure for each of the table's columns.
    pub figures: Vec<Option<f64>>,
}

/// A table.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Table {
    /// The columns that any method has a figure in.
    pub columns: Vec<Column>,
    /// The methods.
    pub rows: Vec<Row>,
    /// What random orders give, where they were drawn.
    pub random: Option<Row>,
}

impl Table {
    /// The table of a document; `plausible` has one entry a method.
    #[must_use]
    pub fn of(document: &Explanation, plausible: &[Option<Plausibility>]) -> Self {
        let faithfulness = document.faithfulness.as_ref();
        let of = |at: usize, column: Column| {
            let attribution = document.attributions.get(at)?;
            let plausible = plausible.get(at).copied().flatten();
            match column {
                Column::F1 => plausible.map(|found| found.f1),
                Column::Auprc => plausible.map(|found| found.auprc),
                Column::Time => document.timing_ms.get(attribution.method.name()).copied(),
                _ => figure(faithfulness?.methods.get(at)?, column),
            }
        };
        let count = document.attributions.len();
        let has = |&column: &Column| (0..count).any(|at| of(at, column).is_some());
        let columns: Vec<Column> = Column::ALL.iter().copied().filter(has).collect();
        let rows = document.attributions.iter().enumerate().map(|(at, attribution)| Row {
            name: attribution.method.name(),
            title: names::method(attribution.method),
            figures: columns.iter().map(|&column| of(at, column)).collect(),
        });
        let rows = rows.collect();
        let random = faithfulness.filter(|faithfulness| faithfulness.random.is_some()).map(|faithfulness| Row {
            name: "random",
            title: say("methods.random"),
            figures: columns.iter().map(|&column| random(faithfulness, column)).collect(),
        });
        Self { columns, rows, random }
    }

    /// The rows as places, by a column's figures, the best first or last; those without a figure come last.
    #[must_use]
    pub fn sorted(&self, by: Option<(usize, bool)>) -> Vec<usize> {
        let mut order: Vec<usize> = (0..self.rows.len()).collect();
        let Some((column, best_first)) = by else { return order };
        let Some(better) = self.columns.get(column).map(|column| column.better()) else { return order };
        let key = |at: usize| {
            let figure = self.rows.get(at).and_then(|row| row.figures.get(column).copied().flatten());
            figure.map_or(f64::INFINITY, |figure| better.key(figure) * if best_first { 1.0 } else { -1.0 })
        };
        order.sort_by(|&a, &b| key(a).total_cmp(&key(b)));
        order
    }

    /// Which row is best in a column, where more than one has a figure there.
    #[must_use]
    pub fn best(&self, column: usize) -> Option<f64> {
        let mut figures = self.rows.iter().filter_map(|row| row.figures.get(column).copied().flatten());
        let (first, second) = (figures.next()?, figures.next()?);
        let better = self.columns.get(column)?.better();
        let best = |a: f64, b: f64| if better.key(b) < better.key(a) { b } else { a };
        Some(figures.fold(best(first, second), best))
    }

    /// The table with comma-separated columns; numbers have all their digits.
    #[must_use]
    pub fn csv(&self) -> String {
        let mut csv = "method".to_owned();
        for column in &self.columns {
            csv.push(',');
            csv.push_str(column.name());
        }
        for row in self.rows.iter().chain(&self.random) {
            csv.push_str("\r\n");
            csv.push_str(row.name);
            for figure in &row.figures {
                csv.push(',');
                if let Some(figure) = figure {
                    csv.push_str(&figure.to_string());
                }
            }
        }
        csv.push_str("\r\n");
        csv
    }
}

fn figure(measured: &Measured, column: Column) -> Option<f64> {
    let (deletion, insertion) = (measured.deletion.as_ref(), measured.insertion.as_ref());
    match column {
        Column::Comprehensiveness => measured.erasure.as_ref()?.aopc_comprehensiveness,
        Column::Sufficiency => measured.erasure.as_ref()?.aopc_sufficiency,
        Column::Deletion => deletion.map(|curve| curve.area),
        Column::DeletionRank => deletion.map(|curve| curve.better_than),
        Column::Insertion => insertion.map(|curve| curve.area),
        Column::InsertionRank => insertion.map(|curve| curve.better_than),
        Column::TauLoo => measured.tau_loo,
        Column::Sensitivity => measured.sensitivity_max,
        Column::Untrained => measured.randomization,
        Column::F1 | Column::Auprc | Column::Time => None,
    }
}

fn random(faithfulness: &Faithfulness, column: Column) -> Option<f64> {
    let random = faithfulness.random.as_ref()?;
    let mean = |areas: &[f64]| (!areas.is_empty()).then(|| areas.iter().sum::<f64>() / areas.len() as f64);
    match column {
        Column::Comprehensiveness => random.aopc_comprehensiveness,
        Column::Sufficiency => random.aopc_sufficiency,
        Column::Deletion => mean(&random.deletion.areas),
        Column::Insertion => mean(&random.insertion.areas),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use headlight_document::{Band, Curve, Method, RandomOrders};

    use super::*;

    fn document() -> Explanation {
        let mut document: Explanation = serde_json::from_str(include_str!("../../assets/sample.json")).unwrap();
        let measured = |method, area, tau_loo| Measured {
            deletion: Some(Curve { values: vec![], area, better_than: 0.5 }),
            tau_loo,
            ..Measured::new(method)
        };
        let methods: Vec<Method> = document.attributions.iter().map(|one| one.method).collect();
        let random =
            RandomOrders { deletion: Band { areas: vec![0.5, 0.7], ..Band::default() }, ..RandomOrders::default() };
        document.faithfulness = Some(Faithfulness {
            methods: vec![measured(methods[0], 0.4, None), measured(methods[1], 0.3, Some(0.25))],
            random: Some(random),
            ..Faithfulness::default()
        });
        document.timing_ms.insert(methods[0].name().into(), 1250.0);
        document
    }

    #[test]
    fn a_table_has_the_figures_that_there_are_and_no_other() {
        let document = document();
        let plausible = [Some(Plausibility { precision: 0.5, recall: 0.5, f1: 0.5, iou: 0.5, auprc: 0.75 }), None];
        let table = Table::of(&document, &plausible);
        use Column as C;
        assert_eq!(table.columns, [C::Deletion, C::DeletionRank, C::TauLoo, C::F1, C::Auprc, C::Time]);
        assert_eq!(table.rows[0].figures, [Some(0.4), Some(0.5), None, Some(0.5), Some(0.75), Some(1250.0)]);
        let random = table.random.as_ref().unwrap();
        assert!((random.figures[0].unwrap() - 0.6).abs() < 1e-12 && random.figures[1..].iter().all(Option::is_none));
        assert_eq!((table.best(0), table.best(2)), (Some(0.3), None), "one figure is not the best of several");
        let csv = table.csv();
        assert!(csv.starts_with("method,deletion_area,deletion_better_than,tau_loo,plausibility_f1,"), "{csv}");
        assert!(csv.contains("\r\nrandom,0.6,,,,,\r\n"), "{csv}");
    }

    #[test]
    fn rows_are_sorted_the_best_first_and_what_is_missing_last() {
        let table = Table::of(&document(), &[]);
        assert_eq!(table.sorted(None), [0, 1]);
        assert_eq!(table.sorted(Some((0, true))), [1, 0], "a low area is the better one");
        assert_eq!(table.sorted(Some((0, false))), [0, 1]);
        assert_eq!(table.sorted(Some((2, true))), [1, 0]);
        assert_eq!(table.sorted(Some((2, false))), [1, 0]);
    }

    #[test]
    fn of_a_correlation_with_nothing_learned_the_one_nearest_to_nought_is_best() {
        let mut document = document();
        for (measured, rho) in document.faithfulness.as_mut().unwrap().methods.iter_mut().zip([-0.8, 0.1]) {
            measured.randomization = Some(rho);
        }
        let table = Table::of(&document, &[]);
        let column = table.columns.iter().position(|&column| column == Column::Untrained).unwrap();
        assert_eq!((table.best(column), table.sorted(Some((column, true)))), (Some(0.1), vec![1, 0]));
    }
}
