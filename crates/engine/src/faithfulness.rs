//! What is measured of a document's attributions, and in which words it speaks against them.

use headlight_document::{self as document, Agreement, Erasure, Faithfulness, Measure, Measured, Method, RandomOrders};
use headlight_explain::faithfulness::{
    self as measures, Band, Curve, ORDERS, Perturbation, erasure, random_orders, sensitivity_max, tau_loo,
};
use headlight_explain::{Case, ExplainError, Game};
use headlight_models::{Cancelled, Input, Pulse, RunError};
use headlight_statistics::{spearman, top_overlap};

use crate::boxed::boxed;
use crate::error::EngineError;
use crate::methods::Asked;

/// A curve must beat this share of random orders, or it is called no better than they are: with twenty of them, all but one.
const BETTER: f64 = 0.95;

/// From this rank correlation on, an untrained model is explained alike.
const ALIKE: f64 = 0.5;

/// Beyond this, an explanation changes as much as it is large.
const UNSTEADY: f64 = 1.0;

/// How many of the greatest values agreement compares.
const TOP: usize = 3;

/// The tokens that are ranked: all of the case but special ones.
pub(crate) fn ranked(asked: &Asked<'_>, case: &Case<'_>) -> Vec<usize> {
    asked.special(case).iter().enumerate().filter(|(_, special)| !**special).map(|(token, _)| token).collect()
}

/// How alike each two of the rows of values are over the tokens `ranked`.
pub(crate) fn agreement(values: &[(Method, Vec<f64>)], ranked: &[usize]) -> Vec<Agreement> {
    let rows: Vec<Vec<f64>> = values.iter().map(|(_, values)| picked(values, ranked)).collect();
    let mut found = Vec::new();
    for (second, b) in rows.iter().enumerate() {
        for (first, a) in rows.iter().enumerate().take(second) {
            found.push(Agreement { pair: [first, second], spearman: spearman(a, b), top_3: top_overlap(a, b, TOP) });
        }
    }
    found
}

/// Measures each of `values`, one number for each token of the case.
pub(crate) async fn measure(
    asked: &Asked<'_>,
    case: &Case<'_>,
    wanted: &[Measure],
    values: &[(Method, Vec<f64>)],
) -> Result<Faithfulness, EngineError> {
    let wants = |measure| wanted.contains(&measure);
    let tokens = ranked(asked, case);
    let (id, replacement) = asked.replacement();
    let units: Vec<Vec<usize>> = tokens.iter().map(|token| vec![*token]).collect();
    let seed = asked.parameters.seed;
    let target = case.target.as_probability();
    let probability = Case { target: &target, ..*case };
    let mut game = Game::new(&probability, &units, id);
    let [empty_value, value] = game.ends().await?;
    let random =
        if wants(Measure::Curves) { Some(boxed(|| random_orders(&mut game, ORDERS, seed)).await?) } else { None };
    let untrained = if wants(Measure::Randomization) { Some(boxed(|| asked.untrained(case)).await?) } else { None };
    let mut methods = Vec::with_capacity(values.len());
    for (method, values) in values {
        let scores = picked(values, &tokens);
        let mut found = Measured::new(*method);
        if let Some(random) = &random {
            let curves = boxed(|| measures::curves(&mut game, &scores)).await?;
            let better = random.better_than(&curves);
            found.deletion = Some(drawn(curves.deletion, better.deletion));
            found.insertion = Some(drawn(curves.insertion, better.insertion));
        }
        if wants(Measure::Erasure) {
            found.erasure = Some(summed(boxed(|| erasure(&mut game, &scores)).await?));
        }
        if wants(Measure::TauLoo) {
            found.tau_loo = boxed(|| tau_loo(&mut game, &scores)).await?;
        }
        if wants(Measure::SensitivityMax) {
            let perturbation = Perturbation { seed, ..Perturbation::default() };
            let again = async |input: Input, pulse: &dyn Pulse| {
                let case = Case { input: &input, pulse, ..*case };
                boxed(|| asked.run(&case, *method)).await.map(|found| found.values).map_err(|error| match error {
                    EngineError::Explain(error) => error,
                    EngineError::Cancelled(_) => ExplainError::Run(RunError::Cancelled(Cancelled)),
                    other => ExplainError::Device(other.to_string()),
                })
            };
            found.sensitivity_max = boxed(|| sensitivity_max(case, values, perturbation, again)).await?;
        }
        if let Some(untrained) = &untrained {
            let case = Case { model: untrained.as_ref(), ..*case };
            let random = boxed(|| asked.run(&case, *method)).await?.values;
            let absolute = |values: Vec<f64>| -> Vec<f64> { values.into_iter().map(f64::abs).collect() };
            found.randomization = spearman(&absolute(scores), &absolute(picked(&random, &tokens)));
        }
        found.verdicts = verdicts(&found);
        methods.push(found);
    }
    Ok(Faithfulness {
        value,
        empty_value,
        tokens,
        replacement,
        evaluations: game.asked(),
        random: random.map(|random| RandomOrders {
            seed,
            orders: random.orders.len(),
            deletion: band(random.deletion),
            insertion: band(random.insertion),
            aopc_comprehensiveness: random.aopc_comprehensiveness,
            aopc_sufficiency: random.aopc_sufficiency,
        }),
        methods,
    })
}

fn picked(values: &[f64], tokens: &[usize]) -> Vec<f64> {
    tokens.iter().filter_map(|token| values.get(*token).copied()).collect()
}

fn drawn(Curve { values, area }: Curve, better_than: f64) -> document::Curve {
    document::Curve { values, area, better_than }
}

fn band(Band { least, mean, greatest, areas }: Band) -> document::Band {
    document::Band { least, mean, greatest, areas }
}

fn summed(found: measures::Erasure) -> Erasure {
    // By replacing tokens there is always something left to read.
    let all = |values: Vec<Option<f64>>| values.into_iter().flatten().collect();
    Erasure {
        tenths: found.tenths,
        comprehensiveness: all(found.comprehensiveness),
        sufficiency: all(found.sufficiency),
        aopc_comprehensiveness: found.aopc_comprehensiveness,
        aopc_sufficiency: found.aopc_sufficiency,
    }
}

/// What speaks against an attribution, in words.
fn verdicts(found: &Measured) -> Vec<String> {
    let mut verdicts = Vec::new();
    let count = |share: f64| format!("{:.0}", share * ORDERS as f64);
    let is_worse = |curve: &Option<document::Curve>| {
        curve.as_ref().filter(|curve| curve.better_than < BETTER).map(|curve| count(curve.better_than))
    };
    match (is_worse(&found.deletion), is_worse(&found.insertion)) {
        (Some(deletion), Some(insertion)) => verdicts.push(format!(
            "No better than random: leaving out the words it ranks first does more than {deletion} of {ORDERS} random orders, and \
             showing only these does more than {insertion} of {ORDERS}."
        )),
        (Some(deletion), None) => verdicts.push(format!(
            "Leaving out the words it ranks first is no better than random: it does more than {deletion} of {ORDERS} random \
             orders."
        )),
        (None, Some(insertion)) => verdicts.push(format!(
            "Showing only the words it ranks first is no better than random: it does more than {insertion} of {ORDERS} \
             random orders."
        )),
        (None, None) => {}
    }
    if let Some(rho) = found.randomization.filter(|rho| *rho >= ALIKE) {
        verdicts.push(format!(
            "An untrained model would be explained much alike (ρ {rho:.2}): this says little of what the model has learned."
        ));
    }
    if let Some(change) = found.sensitivity_max.filter(|change| *change > UNSTEADY) {
        verdicts.push(format!(
            "It is unsteady: embeddings that hardly differ change it by {:.0} % of its size.",
            change * 100.0
        ));
    }
    verdicts
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_no_better_than_random_is_told() {
        let curve = |better_than| Some(document::Curve { values: vec![1.0, 0.0], area: 0.5, better_than });
        let told = |deletion, insertion| verdicts(&Measured { deletion, insertion, ..Measured::new(Method::Saliency) });
        assert_eq!(told(curve(1.0), curve(0.95)), Vec::<String>::new());
        assert!(
            told(curve(0.5), curve(0.2))[0].contains("10 of 20 random orders, and showing only these does more than 4")
        );
        assert!(told(curve(0.9), curve(1.0))[0].starts_with("Leaving out"));
        assert!(told(None, curve(0.0))[0].starts_with("Showing only"));
        let alike = verdicts(&Measured {
            randomization: Some(0.8),
            sensitivity_max: Some(2.5),
            ..Measured::new(Method::Saliency)
        });
        assert!(alike[0].contains("ρ 0.80") && alike[1].contains("250 %"), "{alike:?}");
    }

    #[test]
    fn agreement_is_of_each_two() {
        let values = vec![
            (Method::Saliency, vec![9.0, 1.0, 2.0, 3.0, 4.0]),
            (Method::GradXInput, vec![0.0, 1.0, 2.0, 3.0, 4.0]),
            (Method::Occlusion, vec![0.0, -4.0, -3.0, -2.0, -1.0]),
        ];
        let found = agreement(&values, &[1, 2, 3, 4]);
        assert_eq!(found.iter().map(|one| one.pair).collect::<Vec<_>>(), [[0, 1], [0, 2], [1, 2]]);
        assert!((found[0].spearman.unwrap() - 1.0).abs() < 1e-12);
        assert_eq!(found[0].top_3, Some(1.0));
        assert_eq!(found[1].top_3, Some(2.0 / 3.0));
    }
}
