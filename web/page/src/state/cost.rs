//! What a method or a measure costs, before it is run: how many times the model is run, and about how long that takes.

use headlight_document::{Explanation, Measure, Method, Parameters, Units};

use super::form::samples;

use crate::locale::{count, fill, say};

/// How long running forward alone takes, as a share of running forward and backward.
const FORWARD: f64 = 0.4;

/// What is run by itself may take this long, in milliseconds.
pub const PATIENCE: f64 = 1000.0;

/// How much there is to leave out.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Size {
    /// All tokens.
    pub tokens: usize,
    /// Those that are not special.
    pub ranked: usize,
    /// What is left out together.
    pub units: usize,
    /// The model's layers.
    pub layers: usize,
    /// How long one run takes, forward and backward, in milliseconds; none where nobody has measured it here.
    pub run: Option<f64>,
}

impl Size {
    /// Of a document's text. `selected` says which tokens the person picked; `bytes` is how long the text has become since: a longer one has more tokens, each of which costs
    /// more runs and makes each run longer.
    #[must_use]
    pub fn of(document: &Explanation, units: Units, selected: &[bool], bytes: usize, is_measured: bool) -> Self {
        let tokens = &document.input.tokens;
        let grown = bytes as f64 / document.input.text.len().max(1) as f64;
        let scaled = |count: usize| (count as f64 * grown).ceil() as usize;
        let ranked = tokens.iter().filter(|token| !token.special).count();
        let run = document.timing_ms.get("run").copied().filter(|_| is_measured);
        Self {
            tokens: scaled(tokens.len()),
            ranked: scaled(ranked),
            units: scaled(units.of(tokens, selected).len()),
            layers: document.model.layers,
            run: run.map(|run| run * grown),
        }
    }
}

/// How many times a model is run.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Runs {
    /// Forward alone.
    pub forward: usize,
    /// Forward and backward.
    pub both: usize,
}

impl Runs {
    /// All of them.
    #[must_use]
    pub fn count(self) -> usize {
        self.forward + self.both
    }

    /// About how long they take, in milliseconds, where one is known to take `run`.
    #[must_use]
    pub fn milliseconds(self, run: f64) -> f64 {
        run * (self.both as f64 + FORWARD * self.forward as f64)
    }

    fn and(self, other: Self) -> Self {
        Self { forward: self.forward + other.forward, both: self.both + other.both }
    }

    fn times(self, many: usize) -> Self {
        Self { forward: self.forward * many, both: self.both * many }
    }
}

/// What `method` asks beyond the one run that every explanation makes. `methods` are all that are run with it.
#[must_use]
pub fn of_method(method: Method, methods: &[Method], parameters: &Parameters, size: Size) -> Runs {
    let forward = |forward: usize| Runs { forward, both: 0 };
    let both = |both: usize| Runs { forward: 0, both };
    let units = size.units;
    let steps = parameters.steps as usize;
    let drawn = |own: usize| samples(parameters, methods).map_or(own, |samples| samples as usize);
    match method {
        Method::Saliency | Method::GradXInput => Runs::default(),
        Method::Attention | Method::AttentionRollout | Method::AttentionFlow => forward(1),
        Method::IntegratedGradients => both(steps + 1),
        Method::SmoothGrad if parameters.base == Method::IntegratedGradients => both(drawn(5) * (steps + 1)),
        Method::SmoothGrad => both(drawn(5)),
        Method::Occlusion => forward(size.tokens),
        Method::Lime => forward(drawn(5000)),
        // Up to ten units all coalitions are gone through.
        Method::KernelShap if units <= 10 => forward(1 << units),
        Method::KernelShap => forward(2 * units + 2048),
        // A whole tree of halves asks no more than about two thirds of the square.
        Method::PartitionShap => forward((parameters.evaluations as usize).min(2 * units * units / 3 + 2)),
        Method::AttentionGradient => both(1),
        Method::ValueZeroing if parameters.layer.is_some() => forward(size.tokens.div_ceil(size.layers.max(1))),
        Method::ValueZeroing => forward(size.tokens),
    }
}

/// What a measure asks, of all of `methods` together.
#[must_use]
pub fn of_measure(measure: Measure, methods: &[Method], parameters: &Parameters, size: Size) -> Runs {
    let cost = measure.cost(size.ranked, methods.len());
    match measure {
        Measure::Curves | Measure::Erasure | Measure::TauLoo => Runs { forward: cost, both: 0 },
        // Every method is run again, and the one run that methods share as well.
        Measure::SensitivityMax | Measure::Randomization => {
            let again = all(methods, parameters, size);
            again.and(Runs { forward: 0, both: 1 }).times(cost / methods.len().max(1))
        }
    }
}

/// What all of `methods` ask.
#[must_use]
pub fn all(methods: &[Method], parameters: &Parameters, size: Size) -> Runs {
    methods.iter().fold(Runs::default(), |sum, &method| sum.and(of_method(method, methods, parameters, size)))
}

/// What a whole comparison asks, its first run with it.
#[must_use]
pub fn of_comparison(methods: &[Method], measures: &[Measure], parameters: &Parameters, size: Size) -> Runs {
    let first = all(methods, parameters, size).and(Runs { forward: 0, both: 1 });
    measures.iter().fold(first, |sum, &measure| sum.and(of_measure(measure, methods, parameters, size)))
}

/// Whether a method may be run without being asked for: it costs nothing more, or too little to be noticed.
#[must_use]
pub fn is_cheap(runs: Runs, size: Size) -> bool {
    runs.count() == 0 || size.run.is_some_and(|run| runs.milliseconds(run) < PATIENCE)
}

/// `51 runs, about 3 s`; without the time where it is not known.
#[must_use]
pub fn words(runs: Runs, size: Size) -> String {
    let runs_in_words = match runs.count() {
        0 => return say("cost.none").to_owned(),
        many => count("count.run", many),
    };
    match size.run.map(|run| runs.milliseconds(run)) {
        None => runs_in_words,
        Some(time) if time < PATIENCE => fill("cost.under", &[&runs_in_words]),
        Some(time) if time < 100_000.0 => {
            fill("cost.seconds", &[&runs_in_words, &format_args!("{:.0}", time / 1000.0)])
        }
        Some(time) => fill("cost.minutes", &[&runs_in_words, &format_args!("{:.0}", time / 60_000.0)]),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SIZE: Size = Size { tokens: 11, ranked: 9, units: 9, layers: 6, run: Some(20.0) };

    #[test]
    fn methods_cost_what_they_ask() {
        let plain = Parameters::default();
        let of = |method, parameters: &Parameters| of_method(method, &[method], parameters, SIZE);
        assert_eq!(of(Method::Saliency, &plain), Runs::default());
        assert_eq!(of(Method::IntegratedGradients, &plain), Runs { forward: 0, both: 51 });
        assert_eq!(of(Method::Occlusion, &plain).forward, 11);
        assert_eq!(of(Method::Lime, &plain).forward, 500);
        assert_eq!(of(Method::KernelShap, &plain).forward, 512);
        assert_eq!(of(Method::PartitionShap, &plain).forward, 56);
        let long = Size { units: 40, ..SIZE };
        assert_eq!(of_method(Method::KernelShap, &[], &plain, long).forward, 2128);
        assert_eq!(of_method(Method::PartitionShap, &[], &plain, long).forward, 500);
        let path = Parameters { base: Method::IntegratedGradients, ..plain };
        assert_eq!(of(Method::SmoothGrad, &path).both, 5 * 51);
        // Beside LIME, SmoothGrad draws as many.
        let beside = [Method::SmoothGrad, Method::Lime];
        assert_eq!(of_method(Method::SmoothGrad, &beside, &plain, SIZE).both, 100);
    }

    #[test]
    fn a_comparison_costs_its_methods_and_its_measures() {
        let plain = Parameters::default();
        let methods = [Method::GradXInput, Method::Occlusion];
        let none = of_comparison(&methods, &[], &plain, SIZE);
        assert_eq!(none, Runs { forward: 11, both: 1 });
        let curves = of_comparison(&methods, &[Measure::Curves], &plain, SIZE);
        assert_eq!(curves.forward, 11 + 16 * 22 + 2);
        let again = of_comparison(&methods, &[Measure::SensitivityMax], &plain, SIZE);
        assert_eq!(again, Runs { forward: 11 * 11, both: 11 });
    }

    #[test]
    fn only_what_takes_a_moment_runs_by_itself() {
        let path = Runs { forward: 0, both: 51 };
        assert!(!is_cheap(path, SIZE) && is_cheap(Runs { forward: 11, both: 0 }, SIZE));
        assert!(is_cheap(Runs::default(), Size { run: None, ..SIZE }));
        assert!(!is_cheap(Runs { forward: 1, both: 0 }, Size { run: None, ..SIZE }));
        assert_eq!(words(path, SIZE), "51 runs, about 1 s");
        assert_eq!(words(path, Size { run: None, ..SIZE }), "51 runs");
        assert_eq!(words(Runs { forward: 1, both: 0 }, SIZE), "1 run, under a second");
        assert_eq!(words(Runs { forward: 0, both: 51 * 600 }, SIZE), "30600 runs, about 10 min");
    }
}
