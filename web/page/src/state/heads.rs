//! The figures of heads as a table, which can be sorted and saved, and as maps of layers × heads.

use headlight_document::{AttentionKind, HeadLabel, HeadProfile, HeadValues, Heads};

use super::format::{number, signed};
use super::heat::Heat;

use crate::locale::say;

/// A figure of each head.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Column {
    /// Mean entropy of its rows.
    Entropy,
    /// Mean distance.
    Distance,
    /// The share on the token before.
    Previous,
    /// On the token after.
    Next,
    /// On the query itself.
    Same,
    /// On the first token.
    First,
    /// On special tokens.
    Special,
    /// On the same token elsewhere.
    Duplicate,
    /// On the token after the same token.
    Induction,
    /// Importance by gradient.
    Importance,
    /// What the target loses without it.
    Ablation,
    /// What it writes into the target's logit.
    Direct,
    /// The induction score on repeated random tokens.
    Repeated,
}

impl Column {
    /// Every column.
    pub const ALL: &[Self] = &[
        Self::Importance,
        Self::Ablation,
        Self::Direct,
        Self::Entropy,
        Self::Distance,
        Self::Previous,
        Self::Next,
        Self::Same,
        Self::First,
        Self::Special,
        Self::Duplicate,
        Self::Induction,
        Self::Repeated,
    ];

    /// As a saved table names it.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Entropy => "entropy",
            Self::Distance => "distance",
            Self::Previous => "previous",
            Self::Next => "next",
            Self::Same => "same",
            Self::First => "first",
            Self::Special => "special",
            Self::Duplicate => "duplicate",
            Self::Induction => "induction",
            Self::Importance => "importance",
            Self::Ablation => "ablation",
            Self::Direct => "direct",
            Self::Repeated => "induction_repeated",
        }
    }

    /// As people read it.
    #[must_use]
    pub fn title(self) -> &'static str {
        match self {
            Self::Entropy => say("heads.figure.entropy"),
            Self::Distance => say("heads.figure.distance"),
            Self::Previous => say("heads.figure.previous"),
            Self::Next => say("heads.figure.next"),
            Self::Same => say("heads.figure.same"),
            Self::First => say("heads.figure.first"),
            Self::Special => say("heads.figure.special"),
            Self::Duplicate => say("heads.figure.duplicate"),
            Self::Induction => say("heads.figure.induction"),
            Self::Importance => say("heads.figure.importance"),
            Self::Ablation => say("heads.figure.ablation"),
            Self::Direct => say("heads.figure.direct"),
            Self::Repeated => say("heads.figure.repeated"),
        }
    }

    /// What it says.
    #[must_use]
    pub fn meaning(self) -> &'static str {
        match self {
            Self::Entropy => say("heads.figure.entropy.why"),
            Self::Distance => say("heads.figure.distance.why"),
            Self::Previous => say("heads.figure.previous.why"),
            Self::Next => say("heads.figure.next.why"),
            Self::Same => say("heads.figure.same.why"),
            Self::First => say("heads.figure.first.why"),
            Self::Special => say("heads.figure.special.why"),
            Self::Duplicate => say("heads.figure.duplicate.why"),
            Self::Induction => say("heads.figure.induction.why"),
            Self::Importance => say("heads.figure.importance.why"),
            Self::Ablation => say("heads.figure.ablation.why"),
            Self::Direct => say("heads.figure.direct.why"),
            Self::Repeated => say("heads.figure.repeated.why"),
        }
    }

    /// A figure as people read it.
    #[must_use]
    pub fn text(self, figure: Option<f64>) -> String {
        match (self, figure) {
            (_, None) => "–".to_owned(),
            (Self::Ablation | Self::Direct, Some(figure)) => signed(figure),
            (_, Some(figure)) => number(figure),
        }
    }

    fn of(self, profile: &HeadProfile) -> Option<f64> {
        match self {
            Self::Entropy => Some(profile.entropy),
            Self::Distance => profile.distance,
            Self::Previous => profile.previous,
            Self::Next => profile.next,
            Self::Same => profile.same,
            Self::First => profile.first,
            Self::Special => profile.special,
            Self::Duplicate => profile.duplicate,
            Self::Induction => profile.induction,
            Self::Importance => Some(profile.importance),
            Self::Ablation | Self::Direct | Self::Repeated => None,
        }
    }
}

/// What a head is called.
#[must_use]
pub fn label(label: HeadLabel) -> &'static str {
    match label {
        HeadLabel::Previous => "previous",
        HeadLabel::Next => "next",
        HeadLabel::Same => "itself",
        HeadLabel::First => "first",
        HeadLabel::Special => "special",
        HeadLabel::Duplicate => "duplicate",
        HeadLabel::Induction => "induction",
        HeadLabel::Broad => "broad",
    }
}

/// The name as the page says it.
#[must_use]
pub fn label_title(label: HeadLabel) -> &'static str {
    match label {
        HeadLabel::Previous => say("heads.label.previous"),
        HeadLabel::Next => say("heads.label.next"),
        HeadLabel::Same => say("heads.label.itself"),
        HeadLabel::First => say("heads.label.first"),
        HeadLabel::Special => say("heads.label.special"),
        HeadLabel::Duplicate => say("heads.label.duplicate"),
        HeadLabel::Induction => say("heads.label.induction"),
        HeadLabel::Broad => say("heads.label.broad"),
    }
}

/// One head.
#[derive(Clone, Debug, PartialEq)]
pub struct Row {
    /// Its layer and its number in it.
    pub head: (usize, usize),
    /// A figure for each of the table's columns.
    pub figures: Vec<Option<f64>>,
    /// What it is called.
    pub labels: Vec<HeadLabel>,
}

/// The heads of one kind of attention.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Table {
    /// The columns that any head has a figure in.
    pub columns: Vec<Column>,
    /// The heads, layer by layer.
    pub rows: Vec<Row>,
    /// How many heads a layer.
    pub heads: usize,
}

/// The kinds of attention that there are figures of.
#[must_use]
pub fn kinds(heads: &Heads) -> Vec<AttentionKind> {
    let mut kinds = Vec::with_capacity(3);
    let profiles = heads.profiles.iter().map(|profile| profile.kind);
    for kind in profiles.chain(by_head(heads).map(|(_, values)| values.kind)) {
        if !kinds.contains(&kind) {
            kinds.push(kind);
        }
    }
    kinds
}

/// Every number for each head that is none of a profile's.
fn by_head(heads: &Heads) -> impl Iterator<Item = (Column, &HeadValues)> {
    let ablation = heads.ablation.iter().flat_map(|found| &found.heads).map(|values| (Column::Ablation, values));
    let direct = heads.direct.iter().flat_map(|found| &found.heads).map(|values| (Column::Direct, values));
    let repeated = heads.induction.iter().map(|found| (Column::Repeated, &found.scores));
    ablation.chain(direct).chain(repeated)
}

impl Table {
    /// The table of one kind of attention.
    #[must_use]
    pub fn of(heads: &Heads, kind: AttentionKind) -> Self {
        let profile = heads.profiles.iter().find(|profile| profile.kind == kind);
        let values: Vec<_> = by_head(heads).filter(|(_, values)| values.kind == kind).collect();
        let sizes = profile.map(|profile| (profile.layers, profile.heads));
        let sizes = sizes.or_else(|| values.first().map(|(_, values)| (values.layers, values.heads)));
        let (layers, count) = sizes.unwrap_or_default();
        let figure = |column: Column, at: usize| {
            let other =
                values.iter().find(|(of, _)| *of == column).and_then(|(_, values)| values.values.get(at).copied());
            other.or_else(|| column.of(profile?.values.get(at)?))
        };
        let has = |column: &Column| (0..layers * count).any(|at| figure(*column, at).is_some());
        let columns: Vec<Column> = Column::ALL.iter().copied().filter(has).collect();
        let rows = (0..layers * count).map(|at| Row {
            head: (at / count.max(1), at % count.max(1)),
            figures: columns.iter().map(|column| figure(*column, at)).collect(),
            labels: profile
                .and_then(|profile| profile.values.get(at))
                .map(|one| one.labels.clone())
                .unwrap_or_default(),
        });
        Self { rows: rows.collect(), columns, heads: count }
    }

    /// The rows as places, by a column's figures, the greatest first or last; those without a figure come last.
    #[must_use]
    pub fn sorted(&self, by: Option<(Column, bool)>) -> Vec<usize> {
        let mut order: Vec<usize> = (0..self.rows.len()).collect();
        let Some((column, greatest_first)) = by else { return order };
        let Some(place) = self.columns.iter().position(|one| *one == column) else { return order };
        let key = |at: usize| {
            let figure = self.rows.get(at).and_then(|row| row.figures.get(place).copied().flatten());
            figure.map_or(f64::INFINITY, |figure| if greatest_first { -figure } else { figure })
        };
        order.sort_by(|&a, &b| key(a).total_cmp(&key(b)));
        order
    }

    /// A column as a map of layers × heads.
    #[must_use]
    pub fn heat(&self, column: Column) -> Option<Heat> {
        let place = self.columns.iter().position(|one| *one == column)?;
        let values = self.rows.iter().map(|row| row.figures.get(place).copied().flatten().unwrap_or(0.0));
        Some(Heat { rows: self.rows.len() / self.heads.max(1), columns: self.heads, values: values.collect() })
    }

    /// The table with comma-separated columns; numbers have all their digits.
    #[must_use]
    pub fn csv(&self) -> String {
        let mut csv = "layer,head".to_owned();
        for column in &self.columns {
            csv.push(',');
            csv.push_str(column.name());
        }
        csv.push_str(",labels");
        for Row { head: (layer, head), figures, labels } in &self.rows {
            csv.push_str(&format!("\r\n{layer},{head}"));
            for figure in figures {
                csv.push(',');
                if let Some(figure) = figure {
                    csv.push_str(&figure.to_string());
                }
            }
            csv.push(',');
            let labels: Vec<&str> = labels.iter().map(|one| label(*one)).collect();
            csv.push_str(&labels.join(" "));
        }
        csv.push_str("\r\n");
        csv
    }
}

#[cfg(test)]
mod tests {
    use headlight_document::{Ablation, Profile};

    use super::*;

    fn heads() -> Heads {
        let kind = AttentionKind::SelfAttention;
        let one = |entropy: f64, previous: Option<f64>, labels: &[HeadLabel]| HeadProfile {
            entropy,
            previous,
            labels: labels.to_vec(),
            ..HeadProfile::default()
        };
        let values = vec![one(0.5, Some(0.75), &[HeadLabel::Previous]), one(4.0, None, &[HeadLabel::Broad])];
        let ablated = HeadValues { kind, layers: 2, heads: 1, values: vec![-0.5, 0.25] };
        Heads {
            profiles: vec![Profile { kind, layers: 2, heads: 1, values }],
            ablation: Some(Ablation { factor: 0.0, value: 1.0, heads: vec![ablated], mlps: vec![] }),
            ..Heads::default()
        }
    }

    #[test]
    fn a_table_has_every_figure_of_every_head() {
        let table = Table::of(&heads(), AttentionKind::SelfAttention);
        assert_eq!(table.columns, [Column::Importance, Column::Ablation, Column::Entropy, Column::Previous]);
        assert_eq!((table.rows[1].head, table.rows[1].figures[2]), ((1, 0), Some(4.0)));
        assert_eq!(table.sorted(Some((Column::Ablation, true))), [1, 0]);
        assert_eq!(table.sorted(Some((Column::Ablation, false))), [0, 1]);
        assert_eq!(table.sorted(Some((Column::Previous, false))), [0, 1], "without a figure comes last");
        assert_eq!(table.sorted(Some((Column::Direct, true))), [0, 1]);
        assert_eq!(table.heat(Column::Ablation), Some(Heat { rows: 2, columns: 1, values: vec![-0.5, 0.25] }));
        assert_eq!(table.heat(Column::Direct), None);
        assert_eq!(kinds(&heads()), [AttentionKind::SelfAttention]);
        assert_eq!(Table::of(&heads(), AttentionKind::Cross), Table::default());
    }

    #[test]
    fn a_saved_table_has_labels_and_leaves_out_what_there_is_not() {
        let csv = Table::of(&heads(), AttentionKind::SelfAttention).csv();
        assert_eq!(
            csv,
            "layer,head,importance,ablation,entropy,previous,labels\r\n0,0,0,-0.5,0.5,0.75,previous\r\n1,0,0,0.25,4,,broad\r\n"
        );
    }
}
