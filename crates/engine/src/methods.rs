//! The methods that ask the model again, many times: from a request's parameters to values, and what speaks against them.

use std::collections::BTreeMap;

use headlight_document::message::{DeviceInfo, DeviceKind};
use headlight_document::{self as document, Checks, Hierarchy, InputToken, Method, Parameters};
use headlight_explain::attribution::{self, Base, Noise, Sampled};
use headlight_explain::{Case, Estimates, ExplainError, Game};
use headlight_models::{Architecture, Input, Transformer};
use serde_json::Value;

use crate::boxed::boxed;
use crate::error::EngineError;
use crate::model::Model;

/// Bytes that the runs of one batch may take. In a browser the CPU shares its memory with all else that the module holds, a
/// graphics processor has its own.
fn batch_bytes(info: &DeviceInfo) -> usize {
    let is_cramped = cfg!(target_arch = "wasm32") && info.kind == DeviceKind::Cpu;
    if is_cramped { 1 << 27 } else { 1 << 29 }
}

/// The most sequences in a batch: more brought nothing in any measurement.
const MOST: usize = 16;

/// Random numbers that SmoothGrad may draw: a link cannot ask for more copies of a text than there is memory for.
const NOISE_NUMBERS: usize = 1 << 23;

/// How far values may be from the sum that they should have, as a share of it, before they are not to be trusted.
const INCOMPLETE: f64 = 0.05;

/// Below this R² a linear model says too little of the target.
const UNEXPLAINED: f64 = 0.5;

/// Above this share of the greatest value, the greatest standard error drowns the picture.
const UNSURE: f64 = 0.25;

/// What one method found.
pub(crate) struct Found {
    /// One number for each token of the case.
    pub values: Vec<f64>,
    /// The standard error of each, where samples were drawn.
    pub standard_errors: Option<Vec<f64>>,
    /// What was left out together.
    pub units: Option<Vec<Vec<usize>>>,
    /// The parameters it ran with.
    pub parameters: BTreeMap<String, Value>,
    /// What speaks for or against it.
    pub checks: Checks,
}

/// What is asked of a model, beside the case itself.
pub(crate) struct Asked<'a> {
    pub model: &'a Model,
    /// Where it runs.
    pub info: &'a DeviceInfo,
    /// The input's tokens.
    pub tokens: &'a [InputToken],
    /// Which of them a person picked.
    pub selected: &'a [bool],
    /// How many tokens of the decoder, its start included, bear on the target, where the input goes to an encoder.
    pub written: usize,
    pub parameters: &'a Parameters,
    /// The target in the run that the document shows.
    pub value: f64,
}

/// How many sequences of `input` may run at once.
pub(crate) fn most(model: &Model, info: &DeviceInfo, input: &Input) -> usize {
    let tokens: usize = input.source.iter().chain([&input.embeddings]).map(|side| side.dims()[1]).sum();
    let encoder = model.transformer.encoder().map_or(0, |encoder| encoder.architecture().layers);
    let Architecture { layers, heads, width, .. } = model.transformer.architecture();
    // A block keeps about thirty activations of its width and four maps of its attention for the way back.
    let one = (layers + encoder) * tokens * (30 * width + 4 * heads * tokens) * size_of::<f32>();
    (batch_bytes(info) / one.max(1)).clamp(1, MOST)
}

/// How many threads a batch is shared among: those that there are, natively on the CPU.
pub(crate) fn threads(info: &DeviceInfo) -> usize {
    if cfg!(target_arch = "wasm32") || info.kind != DeviceKind::Cpu {
        return 1;
    }
    std::thread::available_parallelism().map_or(1, std::num::NonZero::get).min(MOST)
}

impl Asked<'_> {
    /// Runs `method`.
    pub async fn run(&self, case: &Case<'_>, method: Method) -> Result<Found, EngineError> {
        let parameters = self.parameters;
        let special = self.special(case);
        let mut found = Found {
            values: Vec::new(),
            standard_errors: None,
            units: None,
            parameters: BTreeMap::new(),
            checks: Checks { target_value: self.value, ..Checks::default() },
        };
        let mut tell = |name: &str, value: Value| {
            found.parameters.insert(name.to_owned(), value);
        };
        let (id, piece) = self.replacement();
        match method {
            // As it is where measures ask again: one copy without noise.
            Method::Saliency | Method::GradXInput => {
                let base = if method == Method::Saliency { Base::Saliency } else { Base::GradXInput };
                let once = Noise { samples: 1, share: 0.0, seed: 0 };
                found.values = boxed(|| attribution::smoothgrad(case, &base, once)).await?.values;
            }
            Method::IntegratedGradients => {
                tell("baseline", parameters.baseline.name().into());
                tell("steps", parameters.steps.into());
                let baseline = boxed(|| self.baseline(case, &special)).await?;
                let steps = parameters.steps as usize;
                let path = boxed(|| attribution::integrated_gradients(case, &baseline, steps)).await?;
                found.complete(path.baseline_value, path.completeness_error());
                found.values = path.values;
            }
            Method::SmoothGrad => {
                let samples = parameters.samples.map_or(attribution::NOISE_SAMPLES, |samples| samples as usize);
                let samples = samples.min((NOISE_NUMBERS / case.input.embeddings.dims()[2] / case.tokens()).max(1));
                tell("base", parameters.base.name().into());
                tell("samples", samples.into());
                tell("noise", parameters.noise.into());
                tell("seed", parameters.seed.into());
                let base = match parameters.base {
                    Method::Saliency => Base::Saliency,
                    Method::IntegratedGradients => {
                        tell("baseline", parameters.baseline.name().into());
                        tell("steps", parameters.steps.into());
                        Base::IntegratedGradients(
                            boxed(|| self.baseline(case, &special)).await?,
                            parameters.steps as usize,
                        )
                    }
                    _ => Base::GradXInput,
                };
                let share = f64::from(parameters.noise) / 100.0;
                let noise = Noise { samples, share, seed: parameters.seed };
                let Sampled { values, standard_errors } = boxed(|| attribution::smoothgrad(case, &base, noise)).await?;
                found.values = values;
                found.sampled(standard_errors);
            }
            Method::Occlusion => {
                tell("replacement", piece.clone().into());
                found.values = boxed(|| attribution::occlusion(case, id)).await?;
            }
            Method::Attention | Method::ValueZeroing => {
                let place = |place: Option<u32>| place.map(|place| place as usize);
                let (layer, head) = (place(parameters.layer), place(parameters.head));
                let name = |place: Option<usize>, none: &str| place.map_or_else(|| none.into(), Value::from);
                if method == Method::Attention {
                    tell("layer", name(layer, "last"));
                    tell("head", name(head, "mean"));
                    found.values = boxed(|| attribution::attention(case, layer, head)).await?;
                } else {
                    tell("layer", name(layer, "all"));
                    tell("head", name(head, "all"));
                    found.values = boxed(|| attribution::value_zeroing(case, layer, head)).await?;
                }
            }
            Method::AttentionRollout => found.values = boxed(|| attribution::attention_rollout(case)).await?,
            Method::AttentionFlow => found.values = boxed(|| attribution::attention_flow(case)).await?,
            Method::AttentionGradient => found.values = boxed(|| attribution::attention_gradient(case)).await?,
            Method::Lime | Method::KernelShap | Method::PartitionShap => {
                tell("replacement", piece.clone().into());
                tell("units", parameters.units.name().into());
                let units = self.units(case, &special);
                let by_token = |values: &[f64], share: f64| {
                    if let Some(hear) = case.estimates {
                        hear(&spread(&units, values, case.tokens()), share);
                    }
                };
                let estimates: Option<&Estimates<'_>> = if case.estimates.is_some() { Some(&by_token) } else { None };
                let by_unit = Case { estimates, ..*case };
                let mut game = Game::new(&by_unit, &units, id);
                let [nothing, everything] = game.ends().await?;
                let (values, errors) = match method {
                    Method::Lime => {
                        let samples = parameters.lime_samples.or(parameters.samples);
                        let samples = samples.map_or(attribution::LIME_SAMPLES, |samples| samples as usize);
                        tell("samples", samples.into());
                        tell("seed", parameters.seed.into());
                        let lime = boxed(|| attribution::lime(&mut game, samples, parameters.seed)).await?;
                        found.checks.r2 = Some(lime.r2);
                        (lime.values, Some(lime.standard_errors))
                    }
                    Method::KernelShap => {
                        let is_exact = units.len() <= attribution::EXACT;
                        tell("evaluations", attribution::evaluations(units.len()).into());
                        if !is_exact {
                            tell("seed", parameters.seed.into());
                        }
                        let shap = boxed(|| attribution::kernel_shap(&mut game, parameters.seed)).await?;
                        (shap.values, (!is_exact).then_some(shap.standard_errors))
                    }
                    _ => {
                        let merges = match parameters.hierarchy {
                            Hierarchy::Balanced => attribution::balanced(units.len()),
                            Hierarchy::Text => attribution::by_text(&self.texts(&units)),
                        };
                        let batch = attribution::PARTITION_BATCH;
                        let budget = parameters.evaluations as usize;
                        let owen = boxed(|| attribution::partition_shap(&mut game, &merges, budget, batch)).await?;
                        tell("evaluations", owen.used.into());
                        tell("hierarchy", parameters.hierarchy.name().into());
                        (owen.values, None)
                    }
                };
                if method == Method::Lime {
                    found.checks.baseline_value = Some(nothing);
                    found.checks.distrust = found.checks.r2.filter(|r2| *r2 < UNEXPLAINED).map(|r2| {
                        format!(
                            "LIME’s linear model accounts for {:.0} % of what the target does when words are left out: \
                                 its numbers must not be trusted.",
                            100.0 * r2.max(0.0)
                        )
                    });
                } else {
                    found.complete(nothing, values.iter().sum::<f64>() - (everything - nothing));
                }
                found.values = spread(&units, &values, case.tokens());
                if let Some(errors) = errors {
                    found.sampled(spread(&units, &errors, case.tokens()));
                }
                found.units = Some(units);
            }
        }
        Ok(found)
    }

    /// A model of the same shape that has learned nothing.
    pub async fn untrained(&self, case: &Case<'_>) -> Result<Box<dyn Transformer>, EngineError> {
        let device = self.model.transformer.device();
        self.model.blueprint.build(self.parameters.seed, &device, case.pulse).await
    }

    async fn baseline(&self, case: &Case<'_>, special: &[bool]) -> Result<Input, ExplainError> {
        let tokenizer = &self.model.tokenizer;
        let fallback = self.replacement().0;
        let baseline = match self.parameters.baseline {
            document::Baseline::Zero => attribution::Baseline::Zero,
            document::Baseline::Mean => attribution::Baseline::Mean,
            document::Baseline::Mask => attribution::Baseline::Token(fallback),
            document::Baseline::Pad => attribution::Baseline::Token(tokenizer.pad().unwrap_or(fallback)),
            document::Baseline::Unk => attribution::Baseline::Token(tokenizer.unk().unwrap_or(fallback)),
        };
        baseline.embed(case, special).await
    }

    /// The token that stands for what is left out, and its piece: the mask, else the one for what is unknown, else the one
    /// that ends a text.
    pub fn replacement(&self) -> (u32, String) {
        let tokenizer = &self.model.tokenizer;
        let id = tokenizer.mask().or_else(|| tokenizer.unk()).or_else(|| tokenizer.eos()).or_else(|| tokenizer.pad());
        let id = id.unwrap_or(0);
        (id, tokenizer.piece(id))
    }

    /// Which tokens of the case are special ones: a decoder's start is one, and what follows the target counts as such.
    pub fn special(&self, case: &Case<'_>) -> Vec<bool> {
        let mut special: Vec<bool> = self.tokens.iter().map(|token| token.special).collect();
        let first = special.len();
        special.extend((first..case.tokens()).map(|token| token == first || token - first >= self.written));
        special
    }

    /// What is left out together. A written token is always a unit of its own.
    fn units(&self, case: &Case<'_>, special: &[bool]) -> Vec<Vec<usize>> {
        let mut units = self.parameters.units.of(self.tokens, self.selected);
        units.extend(
            (self.tokens.len()..case.tokens()).filter(|at| special.get(*at) == Some(&false)).map(|at| vec![at]),
        );
        units
    }

    /// The units' texts, those that go on with a word behind `##`, which is how a tree of a text knows them.
    fn texts(&self, units: &[Vec<usize>]) -> Vec<String> {
        let word_of = |at: &usize| self.tokens.get(*at).and_then(|token| Some((token.source, token.word?)));
        let mut last = None;
        let text = |unit: &Vec<usize>| {
            let text: String = unit.iter().filter_map(|at| self.tokens.get(*at)).map(|token| &*token.text).collect();
            let word = unit.first().and_then(word_of);
            let goes_on = word.is_some() && word == last;
            last = unit.last().and_then(word_of);
            format!("{}{}", if goes_on { "##" } else { "" }, text.trim())
        };
        units.iter().map(text).collect()
    }
}

impl Found {
    /// What a method would say already: values of the case's tokens, from this share of its work.
    pub fn estimate(values: &[f64], share: f64, value: f64) -> Self {
        Self {
            values: values.to_vec(),
            standard_errors: None,
            units: None,
            parameters: BTreeMap::new(),
            checks: Checks { target_value: value, share: Some(share), ..Checks::default() },
        }
    }

    /// Notes what the values should sum to and how far they are from it.
    fn complete(&mut self, baseline_value: f64, error: f64) {
        let difference = self.checks.target_value - baseline_value;
        self.checks.baseline_value = Some(baseline_value);
        self.checks.completeness_error = Some(error);
        if error.abs() > INCOMPLETE * difference.abs() {
            self.checks.distrust = Some(format!(
                "The values should sum to {difference:.4} and sum to {:.4}: they explain another number than the target and must \
                 not be trusted.",
                difference + error
            ));
        }
    }

    /// Notes how sure the values are.
    fn sampled(&mut self, errors: Vec<f64>) {
        let greatest = |values: &[f64]| values.iter().fold(0.0_f64, |greatest, value| greatest.max(value.abs()));
        let (error, value) = (greatest(&errors), greatest(&self.values));
        // One sample has no standard error, and JSON has no number for it.
        if !error.is_finite() {
            self.checks.distrust = Some("There are too few samples to say how sure the values are.".to_owned());
            return;
        }
        if error > UNSURE * value && self.checks.distrust.is_none() {
            self.checks.distrust = Some(format!(
                "The standard error is up to {error:.4}, beside values of up to {value:.4}: take more samples before trusting \
                 them."
            ));
        }
        self.standard_errors = Some(errors);
    }
}

/// A number a unit as one a token: a unit's is shared out evenly.
fn spread(units: &[Vec<usize>], values: &[f64], tokens: usize) -> Vec<f64> {
    let mut spread = vec![0.0; tokens];
    for (unit, value) in units.iter().zip(values) {
        for token in unit {
            if let Some(place) = spread.get_mut(*token) {
                *place = value / unit.len() as f64;
            }
        }
    }
    spread
}
