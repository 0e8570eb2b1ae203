//! From a request to an explanation document.

use std::collections::BTreeMap;

use burn::tensor::Device;
use headlight_document::explanation::SCHEMA;
use headlight_document::message::{DeviceInfo, DeviceKind, Stage};
use headlight_document::{
    self as document, AttentionDetail, Explanation, FileRole, Foil, Input, LayerAttribution, Method, Request, marks,
};
use headlight_explain::{Case, Estimates, attribution, explain, observe};
use headlight_models::{Architecture, Capture, Transformer};

use crate::attributions::{Layout, doubles};
use crate::boxed::boxed;
use crate::changed;
use crate::error::EngineError;
use crate::faithfulness;
use crate::heads;
use crate::maps::{Held, Texts};
use crate::methods::{self, Asked, Found};
use crate::model::Model;
use crate::places;
use crate::progress::{Clock, Progress, Relay};
use crate::reply::{Reply, reply};
use crate::results::{Results, Values};
use crate::tasks::{self, Plan};

/// Bytes that all attention maps of a run may take. A browser's module has four gigabytes in all, and they are there twice
/// as they are read back; more on a graphics processor brings the whole page down.
const MAP_BYTES: u64 = if cfg!(target_arch = "wasm32") { 1 << 30 } else { 1 << 33 };

/// Refuses a text of more tokens than `maps` maps of it have room for.
pub(crate) fn bound_maps(maps: usize, tokens: usize) -> Result<(), EngineError> {
    let most = (MAP_BYTES / 4 / maps.max(1) as u64).isqrt() as usize;
    if tokens > most { Err(EngineError::TooManyMaps { tokens, most }) } else { Ok(()) }
}

/// Answers `request` with `model`, which was opened on the device that `info` describes.
///
/// # Errors
/// [`EngineError`] in one sentence; [`EngineError::Cancelled`] where `progress` said so.
pub async fn answer(
    model: &Model,
    info: &DeviceInfo,
    request: &Request,
    progress: &dyn Progress,
    clock: Clock,
) -> Result<Explanation, EngineError> {
    boxed(|| answer_and_hold(model, info, request, progress, clock)).await.map(|(explanation, _)| explanation)
}

/// As [`answer`], with the attention that it is about, which can be looked at as long as it is kept.
///
/// # Errors
/// As [`answer`].
pub async fn answer_and_hold(
    model: &Model,
    info: &DeviceInfo,
    request: &Request,
    progress: &dyn Progress,
    clock: Clock,
) -> Result<(Explanation, Held), EngineError> {
    let started = clock();
    let mut timing = BTreeMap::new();
    request.validate()?;
    // A method that is named twice is run once.
    let mut request = request.clone();
    let mut named = Vec::with_capacity(request.methods.len());
    request.methods.retain(|method| {
        let is_new = !named.contains(method);
        named.push(*method);
        is_new
    });
    let request = &request;
    let relay = Relay(progress);
    let mut plan = tasks::plan(model, request, &relay).await?;
    let foil = tasks::contrast(model, request, &mut plan)?;
    timing.insert("prepare".to_owned(), clock() - started);

    let before = clock();
    let capture = match request.attention {
        AttentionDetail::None => Capture::none(),
        _ => Capture::patterns(),
    };
    let transformer = model.transformer.as_ref();
    let input = plan.input.clone();
    if request.attention != AttentionDetail::None {
        let Architecture { layers, heads, .. } = transformer.architecture();
        let [batch, tokens, _] = input.embeddings.dims();
        bound_maps(batch * layers * heads, tokens)?;
    }
    let single: Vec<Method> = request.methods.iter().copied().filter(|method| method.is_single_run()).collect();
    let explained = if single.is_empty() {
        observe(transformer, input, &plan.target, capture, &relay).await?
    } else {
        explain(transformer, input, &plan.target, capture, &relay).await?
    };
    timing.insert("run".to_owned(), clock() - before);

    let before = clock();
    progress.report(Stage::Readback, 0, Some(1)).await?;
    let held = Held::of(&explained, transformer, plan.input.clone());
    let results = Results::read(explained, &single).await?;
    timing.insert("readback".to_owned(), clock() - before);

    // What asks again asks about the entry that this run found, whatever other texts would make of it.
    let target = plan.target.clone().settled(results.id);
    let most = methods::most(model, info, &plan.input);
    let threads = methods::threads(info);
    let case =
        Case { model: transformer, input: &plan.input, target: &target, most, threads, pulse: &relay, estimates: None };
    let own = marks::own(plan.prompt.as_deref(), &request.text, request.second_text.as_deref());
    let places = marks::places(&plan.tokens, plan.prompt.is_some(), &own);
    let selected = marks::marked(&places, &request.selection);
    let asked = Asked {
        model,
        info,
        tokens: &plan.tokens,
        selected: &selected,
        written: target.places().map_or(0, |(position, _)| position + 1),
        parameters: &request.parameters,
        value: f64::from(results.value),
    };
    let reply = reply(model, request, &plan.question, &plan.tokens, &results)?;
    let before = clock();
    let texts = Texts {
        read: &plan.tokens.iter().map(|token| !token.special).collect::<Vec<_>>(),
        written: &reply.output.tokens.iter().map(|token| !token.special).collect::<Vec<_>>(),
    };
    let attention = boxed(|| held.described(request.attention, &texts)).await?;
    timing.insert("attention".to_owned(), clock() - before);
    let layout = Layout {
        tokens: plan.tokens.len(),
        is_read_first: plan.input.source.is_some(),
        before: reply.target.position.unwrap_or(0),
        value: f64::from(results.value),
    };
    let mut attributions = results.methods.iter().map(|once| layout.once(once)).collect::<Result<Vec<_>, _>>()?;
    let mut found = Vec::with_capacity(request.methods.len());
    for method in request.methods.iter().copied().filter(|method| !method.is_single_run()) {
        let before = clock();
        let tell = |values: &[f64], share: f64| {
            let estimate = layout.again(method, Found::estimate(values, share, layout.value));
            progress.estimate(attributions.iter().cloned().chain(estimate).collect());
        };
        let estimates: Option<&Estimates<'_>> = if progress.hears_estimates() { Some(&tell) } else { None };
        let case = Case { estimates, ..case };
        let one = boxed(|| asked.run(&case, method)).await?;
        timing.insert(method.name().to_owned(), clock() - before);
        found.push((method, one.values.clone()));
        attributions.push(layout.again(method, one)?);
    }
    let place = |method: Method| request.methods.iter().position(|asked| *asked == method);
    attributions.sort_by_key(|attribution| place(attribution.method));

    let all = every_value(&request.methods, &results, &found);
    let agreement = faithfulness::agreement(&all, &faithfulness::ranked(&asked, &case));
    let measured = if request.measures.is_empty() || all.is_empty() {
        None
    } else {
        let before = clock();
        let measured = boxed(|| faithfulness::measure(&asked, &case, &request.measures, &all)).await?;
        timing.insert("measures".to_owned(), clock() - before);
        Some(measured)
    };
    let layers = if request.layers {
        let before = clock();
        let found = boxed(|| attribution::layers(&case)).await?;
        timing.insert("layers".to_owned(), clock() - before);
        found.into_iter().map(|stack| by_layer(stack, transformer)).collect()
    } else {
        Vec::new()
    };

    let heads = if request.heads.is_empty() && request.patch.is_none() {
        None
    } else {
        let before = clock();
        let found = boxed(|| heads::all(&asked, &case, &plan, request, &relay)).await?;
        let found = serde_json::to_value(found).map_err(|error| EngineError::Device(error.to_string()))?;
        timing.insert("heads".to_owned(), clock() - before);
        Some(found)
    };

    let changed = if request.intervention.is_empty() {
        None
    } else {
        let before = clock();
        let say = |results: &Results| {
            let Reply { output, target } = self::reply(model, request, &plan.question, &plan.tokens, results)?;
            // What is held against something is the difference, which only the device knows.
            let value = if foil.is_some() { f64::from(results.value) } else { target.value };
            Ok((output.top, value))
        };
        let found = boxed(|| changed::changed(&case, &request.intervention, say)).await?;
        timing.insert("changed".to_owned(), clock() - before);
        Some(found)
    };

    let mut explanation = document(model, info, request, plan, results, reply, foil);
    explanation.changed = changed;
    explanation.attributions = attributions;
    explanation.layers = layers;
    explanation.attention = attention;
    explanation.heads = heads;
    explanation.agreement = agreement;
    explanation.faithfulness = measured;
    timing.insert("total".to_owned(), clock() - started);
    explanation.timing_ms = timing;
    Ok((explanation, held))
}

fn document(
    model: &Model,
    info: &DeviceInfo,
    request: &Request,
    plan: Plan,
    results: Results,
    reply: Reply,
    foil: Option<Foil>,
) -> Explanation {
    let architecture = model.transformer.architecture();
    let Reply { mut output, mut target } = reply;
    if plan.answer.is_some() {
        output.text = plan.answer;
    }
    let value = f64::from(results.value);
    if foil.is_some() {
        target.value = value;
        target.foil = foil;
    }
    let mut warnings = plan.warnings;
    warnings.extend(flat_probability(&target, request));
    Explanation {
        schema: SCHEMA.to_owned(),
        model: document::Model {
            id: model.entry.id.clone(),
            title: model.entry.title.clone(),
            sha256: model
                .entry
                .file(FileRole::Adapter)
                .or_else(|| model.entry.file(FileRole::Weights))
                .map(|file| file.sha256.clone())
                .unwrap_or_default(),
            family: model.transformer.family().to_owned(),
            layers: architecture.layers,
            heads: architecture.heads,
            key_value_heads: architecture.key_value_heads,
            license: model.entry.license.clone(),
            device: match info.kind {
                DeviceKind::Cpu => "cpu".to_owned(),
                DeviceKind::Webgpu => format!("webgpu ({})", info.name),
            },
        },
        input: Input {
            task: request.task,
            text: request.text.clone(),
            second_text: request.second_text.clone(),
            prompt: plan.prompt,
            tokens: plan.tokens,
        },
        output,
        warnings,
        target,
        attributions: Vec::new(),
        agreement: Vec::new(),
        faithfulness: None,
        layers: Vec::new(),
        heads: None,
        changed: None,
        written: None,
        attention: Vec::new(),
        timing_ms: BTreeMap::new(),
        request: None,
    }
}

/// Each method's number for every token of the case, in the order in which they were asked for.
fn every_value(methods: &[Method], results: &Results, found: &[(Method, Vec<f64>)]) -> Vec<(Method, Vec<f64>)> {
    let of = |method: Method| {
        let once = results.methods.iter().find(|values| values.method == method);
        let again = || found.iter().find(|(other, _)| *other == method).map(|(_, values)| values.clone());
        let joined = |values: &Values| {
            let mut all = doubles(&values.input);
            all.extend(values.written.iter().flatten().copied().map(f64::from));
            all
        };
        Some((method, once.map(joined).or_else(again)?))
    };
    methods.iter().filter_map(|method| of(*method)).collect()
}

fn by_layer(stack: attribution::LayerValues, model: &dyn Transformer) -> LayerAttribution {
    let attribution::LayerValues { side, layers, heads, tokens, outputs, z } = stack;
    let kind = places::stack(model, side);
    let singles = |values: Vec<f64>| values.into_iter().map(|value| value as f32).collect();
    LayerAttribution { kind, layers, heads, tokens, outputs: singles(outputs), z: singles(z) }
}

/// A probability close to zero or one hardly moves, and gradients say little.
fn flat_probability(target: &document::Target, request: &Request) -> Option<String> {
    let flat = !(0.01..=0.99).contains(&target.value);
    let is_probability = request.read == document::Read::Prob && target.foil.is_none();
    (is_probability && !request.methods.is_empty() && flat).then(|| {
        format!(
            "The probability is {:.4}, where a softmax is flat: gradients are close to zero whatever the text says. Read \
             the logit instead.",
            target.value
        )
    })
}

/// Frees what a device keeps for reuse.
pub fn tidy(device: &Device) {
    device.memory_cleanup();
}

#[cfg(test)]
mod bounds {
    use super::*;

    #[test]
    fn a_text_has_as_many_tokens_as_its_maps_have_room() {
        let most = (MAP_BYTES / 4 / 270).isqrt() as usize;
        assert!(bound_maps(270, most).is_ok());
        let error = bound_maps(270, most + 1).unwrap_err().to_string();
        assert!(error.contains(&format!("to {most} tokens")), "{error}");
        assert!(bound_maps(0, 1000).is_ok());
    }
}
