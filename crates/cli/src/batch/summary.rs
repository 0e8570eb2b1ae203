//! What a batch says of each method over all texts.

use headlight_document::{Explanation, Method};
use headlight_statistics::{Mean, mean_and_interval, plausibility};
use serde::Serialize;

use super::lexicon::Lexicon;
use super::line::Line;

/// A column of the table.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Figure {
    AopcComprehensiveness,
    AopcSufficiency,
    DeletionArea,
    InsertionArea,
    DeletionBetter,
    InsertionBetter,
    TauLoo,
    SensitivityMax,
    Randomization,
    PlausibilityF1,
    PlausibilityAuprc,
    TimeMs,
}

impl Figure {
    pub const ALL: [Self; 12] = [
        Self::AopcComprehensiveness,
        Self::AopcSufficiency,
        Self::DeletionArea,
        Self::InsertionArea,
        Self::DeletionBetter,
        Self::InsertionBetter,
        Self::TauLoo,
        Self::SensitivityMax,
        Self::Randomization,
        Self::PlausibilityF1,
        Self::PlausibilityAuprc,
        Self::TimeMs,
    ];

    /// The column's head, and which end is better.
    pub fn title(self) -> &'static str {
        match self {
            Self::AopcComprehensiveness => "comprehensiveness ↑",
            Self::AopcSufficiency => "sufficiency ↓",
            Self::DeletionArea => "deletion ↓",
            Self::InsertionArea => "insertion ↑",
            Self::DeletionBetter => "deletion beats ↑",
            Self::InsertionBetter => "insertion beats ↑",
            Self::TauLoo => "τ-LOO ↑",
            Self::SensitivityMax => "sensitivity ↓",
            Self::Randomization => "untrained ρ → 0",
            Self::PlausibilityF1 => "plausibility F1 ↑",
            Self::PlausibilityAuprc => "AUPRC ↑",
            Self::TimeMs => "ms",
        }
    }
}

/// The method's name of the row for random orders.
pub const RANDOM: &str = "random";

/// Numbers of all texts by figure.
#[derive(Clone, Debug, Default)]
struct Collected([Vec<f64>; Figure::ALL.len()]);

impl Collected {
    fn add(&mut self, figure: Figure, value: Option<f64>) {
        let place = Figure::ALL.iter().position(|known| *known == figure);
        if let (Some(values), Some(value)) = (place.and_then(|place| self.0.get_mut(place)), value) {
            values.push(value);
        }
    }

    fn finish(&self) -> Vec<Entry> {
        let entry = |(figure, values): (&Figure, &Vec<f64>)| {
            let Mean { mean, half_width } = mean_and_interval(values)?;
            Some(Entry { figure: *figure, mean, half_width, texts: values.len() })
        };
        Figure::ALL.iter().zip(&self.0).filter_map(entry).collect()
    }
}

/// Everything that is collected while documents are read.
#[derive(Debug, Default)]
pub struct Summary {
    /// Texts that could not be answered.
    pub failed: usize,
    model: String,
    texts: usize,
    rows: Vec<(Method, Collected)>,
    random: Collected,
    agreement: Vec<(Method, Method, Vec<f64>)>,
    distrusted: Vec<(Method, usize)>,
    rationale: Option<&'static str>,
}

/// A mean over texts.
#[derive(Clone, Debug, Serialize)]
pub struct Entry {
    pub figure: Figure,
    pub mean: f64,
    /// The mean's 95 % interval is this much to both sides. None for one text.
    pub half_width: Option<f64>,
    /// How many texts have the figure.
    pub texts: usize,
}

/// A row of the table.
#[derive(Clone, Debug, Serialize)]
pub struct Row {
    /// The method, or `random`.
    pub method: String,
    pub title: String,
    pub figures: Vec<Entry>,
    /// Of how many texts a document said that the values must not be trusted.
    pub distrusted: usize,
}

/// Two methods' rank correlation.
#[derive(Clone, Debug, Serialize)]
pub struct Pair {
    pub methods: [String; 2],
    pub spearman: f64,
    pub half_width: Option<f64>,
}

/// The table.
#[derive(Clone, Debug, Serialize)]
pub struct Finished {
    pub model: String,
    pub texts: usize,
    pub failed: usize,
    /// What plausibility was held against: `marked` by a person, or `lexicon`, a proxy.
    pub rationale: Option<&'static str>,
    pub rows: Vec<Row>,
    pub agreement: Vec<Pair>,
}

impl Summary {
    /// Adds what one document says.
    pub fn add(&mut self, line: &Line, document: &Explanation, lexicon: Option<&Lexicon>) {
        self.texts += 1;
        self.model.clone_from(&document.model.title);
        let tokens = &document.input.tokens;
        let ranked: Vec<usize> =
            (0..tokens.len()).filter(|at| tokens.get(*at).is_some_and(|token| !token.special)).collect();
        let marked = self.marked(line, document, lexicon);
        let marked =
            marked.map(|marked| -> Vec<bool> { ranked.iter().filter_map(|at| marked.get(*at).copied()).collect() });
        for (place, attribution) in document.attributions.iter().enumerate() {
            let method = attribution.method;
            if attribution.checks.distrust.is_some() {
                match self.distrusted.iter_mut().find(|(known, _)| *known == method) {
                    Some((_, count)) => *count += 1,
                    None => self.distrusted.push((method, 1)),
                }
            }
            let row = match self.rows.iter().position(|(known, _)| *known == method) {
                Some(row) => row,
                None => {
                    self.rows.push((method, Collected::default()));
                    self.rows.len() - 1
                }
            };
            let Some((_, row)) = self.rows.get_mut(row) else { continue };
            // A method of the one run takes what that takes.
            let time = document.timing_ms.get(method.name()).or_else(|| document.timing_ms.get("run"));
            row.add(Figure::TimeMs, time.copied());
            if let Some(marked) = &marked {
                let scores: Vec<f64> = ranked.iter().filter_map(|at| attribution.values.get(*at).copied()).collect();
                let found = plausibility(&scores, marked);
                row.add(Figure::PlausibilityF1, found.map(|found| found.f1));
                row.add(Figure::PlausibilityAuprc, found.map(|found| found.auprc));
            }
            let Some(found) = document.faithfulness.as_ref().and_then(|all| all.methods.get(place)) else { continue };
            let erasure = found.erasure.as_ref();
            row.add(Figure::AopcComprehensiveness, erasure.and_then(|erasure| erasure.aopc_comprehensiveness));
            row.add(Figure::AopcSufficiency, erasure.and_then(|erasure| erasure.aopc_sufficiency));
            row.add(Figure::DeletionArea, found.deletion.as_ref().map(|curve| curve.area));
            row.add(Figure::InsertionArea, found.insertion.as_ref().map(|curve| curve.area));
            row.add(Figure::DeletionBetter, found.deletion.as_ref().map(|curve| curve.better_than));
            row.add(Figure::InsertionBetter, found.insertion.as_ref().map(|curve| curve.better_than));
            row.add(Figure::TauLoo, found.tau_loo);
            row.add(Figure::SensitivityMax, found.sensitivity_max);
            row.add(Figure::Randomization, found.randomization);
        }
        if let Some(random) = document.faithfulness.as_ref().and_then(|all| all.random.as_ref()) {
            let mean = |areas: &[f64]| (!areas.is_empty()).then(|| areas.iter().sum::<f64>() / areas.len() as f64);
            self.random.add(Figure::AopcComprehensiveness, random.aopc_comprehensiveness);
            self.random.add(Figure::AopcSufficiency, random.aopc_sufficiency);
            self.random.add(Figure::DeletionArea, mean(&random.deletion.areas));
            self.random.add(Figure::InsertionArea, mean(&random.insertion.areas));
        }
        if let Some(marked) = marked.filter(|marked| marked.contains(&true)) {
            // What a random ranking has on average: its k first tokens of n hold k²/n of the k that are marked.
            let share = marked.iter().filter(|marked| **marked).count() as f64 / marked.len() as f64;
            self.random.add(Figure::PlausibilityF1, Some(share));
        }
        for agreement in &document.agreement {
            let method = |place: usize| document.attributions.get(place).map(|one| one.method);
            let [a, b] = agreement.pair;
            let (Some(a), Some(b), Some(rho)) = (method(a), method(b), agreement.spearman) else { continue };
            match self.agreement.iter_mut().find(|(one, other, _)| (*one, *other) == (a, b)) {
                Some((_, _, all)) => all.push(rho),
                None => self.agreement.push((a, b, vec![rho])),
            }
        }
    }

    /// Which tokens a person, or the lexicon, holds to be the reasons.
    fn marked(&mut self, line: &Line, document: &Explanation, lexicon: Option<&Lexicon>) -> Option<Vec<bool>> {
        if !line.rationale.is_empty() {
            self.rationale = Some("marked");
            let touches = |start: usize, end: usize| line.rationale.iter().any(|(from, to)| start < *to && *from < end);
            let tokens = document.input.tokens.iter();
            return Some(tokens.map(|token| token.source == 0 && touches(token.start, token.end)).collect());
        }
        let lexicon = lexicon?;
        self.rationale = self.rationale.or(Some("lexicon"));
        Some(lexicon.rationale(document))
    }

    /// The table.
    pub fn finish(self) -> Finished {
        let distrusted =
            |method: Method| self.distrusted.iter().find(|(known, _)| *known == method).map_or(0, |(_, count)| *count);
        let mut rows: Vec<Row> = self
            .rows
            .iter()
            .map(|(method, collected)| Row {
                method: method.name().to_owned(),
                title: method.title().to_owned(),
                figures: collected.finish(),
                distrusted: distrusted(*method),
            })
            .collect();
        let random = self.random.finish();
        if !random.is_empty() {
            let (method, title) = (RANDOM.to_owned(), "Random orders".to_owned());
            rows.push(Row { method, title, figures: random, distrusted: 0 });
        }
        let pair = |(a, b, all): &(Method, Method, Vec<f64>)| {
            let Mean { mean, half_width } = mean_and_interval(all)?;
            Some(Pair { methods: [a.name().to_owned(), b.name().to_owned()], spearman: mean, half_width })
        };
        Finished {
            model: self.model,
            texts: self.texts,
            failed: self.failed,
            rationale: self.rationale,
            rows,
            agreement: self.agreement.iter().filter_map(pair).collect(),
        }
    }
}
