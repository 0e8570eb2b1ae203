//! What a model answers with something changed in it.

use headlight_document::{Candidate, Changed, Intervention, Scaled};
use headlight_explain::{Case, Intervention as Change, Part};

use crate::error::EngineError;
use crate::places;
use crate::results::Results;

/// The answer of the case's model with `intervention` in its run. `say` makes an answer of what comes back.
pub(crate) async fn changed(
    case: &Case<'_>,
    intervention: &Intervention,
    say: impl FnOnce(&Results) -> Result<(Vec<Candidate>, f64), EngineError>,
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
    let found = match head {
        Some(head) => places::attends(case.model, kind).map(|attends| Part::Head { attends, layer, head }),
        None => places::side(case.model, kind).map(|side| Part::Mlp { side, layer }),
    };
    found.ok_or(EngineError::NoSuchMap)
}
