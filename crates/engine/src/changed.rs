//! What a model answers with something changed in it.

use headlight_document::{Changed, Intervention, Scaled};
use headlight_explain::attention::Attends;
use headlight_explain::{Case, Intervention as Change, Part};

use crate::error::EngineError;
use crate::maps::kinds;
use crate::results::Results;

/// The answer of the case's model with `intervention` in its run. `say` makes an answer of what comes back.
pub(crate) async fn changed(
    case: &Case<'_>,
    intervention: &Intervention,
    say: impl FnOnce(&Results) -> Result<(Vec<headlight_document::Candidate>, f64), EngineError>,
) -> Result<Changed, EngineError> {
    let scaled = intervention.scaled.iter().map(|scaled| Ok((part(case, scaled)?, f64::from(scaled.percent) / 100.0)));
    let change = Change { scaled: scaled.collect::<Result<_, EngineError>>()?, hidden: intervention.hidden.clone() };
    let reading = change.read(case).await?;
    let results = Results::of_reading(reading).await?;
    let (top, value) = say(&results)?;
    Ok(Changed { intervention: intervention.clone(), top, value })
}

/// The part of the case's model that is meant.
fn part(case: &Case<'_>, scaled: &Scaled) -> Result<Part, EngineError> {
    let Scaled { kind, layer, head, .. } = *scaled;
    let mut all = Attends::of(case.model).into_iter();
    let is_meant = |attends: &Attends| {
        let mut kinds = kinds(case.model.architecture().causal).into_iter();
        kinds.any(|(other, side, is_cross)| other == kind && (side, is_cross) == (attends.side, attends.is_cross))
    };
    match head {
        Some(head) => {
            let attends = all.find(is_meant).ok_or(EngineError::NoSuchMap)?;
            Ok(Part::Head { attends, layer, head })
        }
        // A stack without attention to its own tokens has MLPs all the same.
        None => {
            let has = |side| case.model.encoder().is_some() != (side == headlight_models::Side::Only);
            let mut kinds = kinds(case.model.architecture().causal).into_iter();
            let found = kinds.find(|(other, side, _)| *other == kind && has(*side)).ok_or(EngineError::NoSuchMap)?;
            Ok(Part::Mlp { side: found.1, layer })
        }
    }
}
