//! Figures of heads as the mean over several texts: what a head does, rather than what it did once.

use headlight_document::message::{DeviceInfo, Stage};
use headlight_document::{HeadFigure, OverTexts, Request};
use headlight_explain::ablation::{self, Ablation, ablation};
use headlight_explain::attention::{Profile, Tokens, mean, profile};
use headlight_explain::{Case, observe};
use headlight_models::{Architecture, Capture};

use crate::answer::bound_maps;
use crate::error::EngineError;
use crate::heads::{FACTOR, ablated, case_ids, profiled};
use crate::methods::{self, Asked};
use crate::model::Model;
use crate::progress::{Pause, Progress, Relay};
use crate::results::Results;
use crate::tasks;

/// Into how many steps one text's share of the work is cut.
const STEPS: u64 = 1000;

/// What was found in one text.
struct Found {
    value: f64,
    profile: Option<Vec<Profile>>,
    ablation: Option<Ablation>,
}

/// The profile and the ablation, whichever `request` asks for, as the mean over its texts. `case` is that of its own text.
pub(crate) async fn over_texts(
    model: &Model,
    info: &DeviceInfo,
    case: &Case<'_>,
    request: &Request,
    relay: &Relay<'_>,
) -> Result<OverTexts, EngineError> {
    let (mut values, mut profiles, mut ablations) = (Vec::new(), Vec::new(), Vec::new());
    for (index, text) in request.texts.iter().enumerate() {
        let share = Share { whole: relay.0, index: index as u64, count: request.texts.len() as u64 };
        let one = one(model, info, case, &request.over(text), &Relay(&share)).await;
        let found = one.map_err(|error| match error {
            EngineError::Cancelled(_) => error,
            error => EngineError::OfText { number: index + 1, error: Box::new(error) },
        })?;
        values.push(found.value);
        profiles.extend(found.profile);
        ablations.extend(found.ablation);
    }
    let transformer = model.transformer.as_ref();
    Ok(OverTexts {
        values,
        profiles: mean(&profiles).into_iter().map(|one| profiled(transformer, one)).collect(),
        ablation: ablation::mean(&ablations).map(|found| ablated(transformer, found)),
    })
}

async fn one(
    model: &Model,
    info: &DeviceInfo,
    case: &Case<'_>,
    request: &Request,
    relay: &Relay<'_>,
) -> Result<Found, EngineError> {
    request.validate()?;
    let wants = |figure| request.heads.contains(&figure);
    let transformer = model.transformer.as_ref();
    let mut plan = tasks::plan(model, request, relay).await?;
    tasks::contrast(model, request, &mut plan)?;
    // What the model itself answers, which the runs that follow are about.
    let seen = observe(transformer, plan.input.clone(), &plan.target, Capture::none(), relay).await?;
    let results = Results::read(seen, &[]).await?;
    let target = plan.target.clone().settled(results.id);
    let most = methods::most(model, info, &plan.input);
    let case = Case { input: &plan.input, target: &target, most, pulse: relay, estimates: None, ..*case };
    let mut found = Found { value: f64::from(results.value), profile: None, ablation: None };
    if wants(HeadFigure::Profile) {
        let Architecture { layers, heads, .. } = transformer.architecture();
        bound_maps(layers * heads, case.tokens())?;
        let asked = Asked {
            model,
            info,
            tokens: &plan.tokens,
            selected: &[],
            written: target.places().map_or(0, |(position, _)| position + 1),
            parameters: &request.parameters,
            value: found.value,
        };
        let tokens = Tokens { ids: &case_ids(model, &plan), special: &asked.special(&case) };
        found.profile = Some(profile(&case, tokens).await?);
    }
    if wants(HeadFigure::Ablation) {
        found.ablation = Some(ablation(&case, FACTOR).await?);
    }
    Ok(found)
}

/// One text's share of the whole work. What is one run of it is too short to be told.
struct Share<'a> {
    whole: &'a dyn Progress,
    index: u64,
    count: u64,
}

impl Progress for Share<'_> {
    fn report(&self, stage: Stage, done: u64, total: Option<u64>) -> Pause<'_> {
        let within = match (stage, total) {
            (Stage::Attribute, Some(total)) => done * STEPS / total.max(1),
            _ => 0,
        };
        self.whole.report(Stage::Attribute, self.index * STEPS + within.min(STEPS), Some(self.count * STEPS))
    }
}
