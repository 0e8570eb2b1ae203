//! From a request to an explanation document.

use std::collections::BTreeMap;

use burn::tensor::{Device, Tensor, TensorData, Transaction};
use headlight_document::explanation::SCHEMA;
use headlight_document::message::{DeviceInfo, DeviceKind, Stage};
use headlight_document::{
    self as document, Attention, AttentionDetail, AttentionKind, AttentionSummary, Attribution, Candidate, Checks,
    Explanation, FileRole, Input, InputToken, Method, Output, Request, RequestError, TargetKind, TargetSpec, Token,
};
use headlight_explain::attention::summarise;
use headlight_explain::attribution::{grad_x_input, saliency};
use headlight_explain::{Choice, Explained, Read, Target, explain, observe, pooled};
use headlight_models::{Batch, Capture, Input, run::run};
use headlight_text::Encoding;

use crate::error::EngineError;
use crate::model::Model;
use crate::progress::{Clock, Progress, Relay};

/// How many candidates an answer lists.
const CANDIDATES: usize = 10;

/// How far the sum of an attention row may be from one before the answer is withheld.
const ROW_SUM: f32 = 1e-3;

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
    let started = clock();
    let mut timing = BTreeMap::new();
    request.validate()?;
    if !model.tasks().contains(&request.task) {
        let (task, target) = (request.task, format!("{} ({})", request.target, model.entry.title));
        return Err(RequestError::TargetOfAnotherTask { task, target }.into());
    }
    let encoding = model.tokenizer.encode(&request.text, None)?;
    timing.insert("tokenize".to_owned(), clock() - started);

    let relay = Relay(progress);
    let before = clock();
    let target = target(model, request, &encoding, &relay).await?;
    let capture = match request.attention {
        AttentionDetail::None => Capture::none(),
        AttentionDetail::Summary | AttentionDetail::Full => Capture::patterns(),
    };
    let batch = Batch::one(&encoding.ids);
    let transformer = model.transformer.as_ref();
    let input = Input::embed(transformer, &batch, None);
    let explained = if request.methods.is_empty() {
        observe(transformer, input, &target, capture, &relay).await?
    } else {
        explain(transformer, input, &target, capture, &relay).await?
    };
    timing.insert("run".to_owned(), clock() - before);

    let before = clock();
    progress.report(Stage::Readback, 0, Some(1)).await?;
    let results = Results::read(explained, &request.methods, encoding.len()).await?;
    timing.insert("readback".to_owned(), clock() - before);

    let mut explanation = document(model, info, request, encoding, results)?;
    timing.insert("total".to_owned(), clock() - started);
    explanation.timing_ms = timing;
    Ok(explanation)
}

/// What a request asks about, in the terms of the run.
async fn target(
    model: &Model,
    request: &Request,
    encoding: &Encoding,
    relay: &Relay<'_>,
) -> Result<Target, EngineError> {
    let read = match request.read {
        document::Read::Logit => Read::Logit,
        document::Read::LogProb => Read::LogProb,
        document::Read::Prob => Read::Prob,
    };
    match &request.target {
        TargetSpec::Next(token) => {
            let choice = match token {
                None => Choice::MostProbable,
                Some(Token::Id(id)) => Choice::Id(*id),
                Some(Token::Text(text)) => match model.tokenizer.id_of(text) {
                    Some(id) => Choice::Id(id),
                    None => return Err(EngineError::NotOneToken { given: text.chars().take(60).collect() }),
                },
            };
            Ok(Target::Token { position: encoding.len().saturating_sub(1), choice, read })
        }
        TargetSpec::Similarity => {
            let second = request.second_text.as_deref().ok_or(RequestError::NoSecondText)?;
            let second = Batch::one(&model.tokenizer.encode(second, None)?.ids);
            let transformer = model.transformer.as_ref();
            let run = run(transformer, transformer.embed(&second), Capture::none(), relay).await?;
            Ok(Target::Similarity { other: pooled(run.hidden) })
        }
    }
}

/// Everything that comes back from the device, in one transaction.
struct Results {
    value: f32,
    logits: Vec<f32>,
    id: Option<u32>,
    methods: Vec<(Method, Vec<f32>)>,
    /// Flat as `[layer, head, query, key]`.
    attention: Vec<f32>,
}

impl Results {
    async fn read(explained: Explained, methods: &[Method], tokens: usize) -> Result<Self, EngineError> {
        let Explained { captures, value, logits, ids, embeddings, gradient, .. } = explained;
        let gradient = gradient.map(|gradient| gradient.embeddings);
        let mut transaction = Transaction::default().register(value);
        for method in methods {
            let gradient = gradient.clone().ok_or_else(|| EngineError::Device("no gradient came back".to_owned()))?;
            transaction = transaction.register(match method {
                Method::Saliency => saliency(gradient),
                Method::GradXInput => grad_x_input(embeddings.clone(), gradient),
            });
        }
        if let Some(logits) = &logits {
            transaction = transaction.register(logits.clone());
        }
        if let Some(ids) = &ids {
            transaction = transaction.register(ids.clone());
        }
        // One buffer comes back sooner than one a layer.
        let patterns: Vec<Tensor<4>> = captures.patterns().collect();
        let has_attention = !patterns.is_empty();
        if has_attention {
            transaction = transaction.register(Tensor::cat(patterns, 0));
        }
        let failed = |error: String| EngineError::Device(error);
        let data = transaction.execute_async().await.map_err(|error| failed(error.to_string()))?;
        let mut data = data.into_iter();
        let mut next = || data.next().ok_or_else(|| failed("a result is missing".to_owned()));
        let value = floats(next()?)?.first().copied().unwrap_or(f32::NAN);
        let mut values = Vec::with_capacity(methods.len());
        for method in methods {
            let found = floats(next()?)?;
            if found.len() != tokens {
                return Err(failed(format!("{} values came back for {tokens} tokens", found.len())));
            }
            values.push((*method, found));
        }
        let logits = if logits.is_some() { floats(next()?)? } else { Vec::new() };
        let id = match ids {
            Some(_) => {
                next()?.convert::<i64>().try_into_vec::<i64>().ok().and_then(|ids| u32::try_from(*ids.first()?).ok())
            }
            None => None,
        };
        let attention = if has_attention { floats(next()?)? } else { Vec::new() };
        let finite = |values: &[f32]| values.iter().all(|value| value.is_finite());
        if !value.is_finite() || !finite(&logits) || !values.iter().all(|(_, values)| finite(values)) {
            return Err(failed("it returned values that are not numbers".to_owned()));
        }
        let sums_to_one = |row: &[f32]| (row.iter().sum::<f32>() - 1.0).abs() < ROW_SUM;
        if tokens > 0 && !attention.chunks_exact(tokens).all(sums_to_one) {
            return Err(failed("it returned attention whose rows do not sum to one".to_owned()));
        }
        Ok(Self { value, logits, id, methods: values, attention })
    }
}

fn floats(data: TensorData) -> Result<Vec<f32>, EngineError> {
    data.try_into_vec::<f32>().map_err(|error| EngineError::Device(format!("{error:?}")))
}

/// ln Σ exp over all logits.
fn log_sum_exp(logits: &[f32]) -> f64 {
    let greatest = logits.iter().copied().fold(f32::NEG_INFINITY, f32::max);
    let sum: f64 = logits.iter().map(|logit| (f64::from(*logit) - f64::from(greatest)).exp()).sum();
    sum.ln() + f64::from(greatest)
}

/// The most probable entries, best first, with probabilities over all of `logits`.
fn candidates(logits: &[f32], piece: impl Fn(u32) -> String) -> Vec<Candidate> {
    let mut order: Vec<usize> = (0..logits.len()).collect();
    let best = |a: &usize, b: &usize| logits[*b].total_cmp(&logits[*a]).then(a.cmp(b));
    let count = CANDIDATES.min(order.len());
    if count < order.len() {
        order.select_nth_unstable_by(count, best);
        order.truncate(count);
    }
    order.sort_unstable_by(best);
    let total = log_sum_exp(logits);
    order
        .into_iter()
        .map(|index| {
            let (id, logit) = (index as u32, f64::from(logits[index]));
            Candidate { id, text: piece(id), logit, prob: (logit - total).exp() }
        })
        .collect()
}

fn document(
    model: &Model,
    info: &DeviceInfo,
    request: &Request,
    encoding: Encoding,
    results: Results,
) -> Result<Explanation, EngineError> {
    let architecture = model.transformer.architecture();
    let tokens = encoding.len();
    let position = tokens.saturating_sub(1);
    let piece = |id| model.tokenizer.piece(id);
    let target = match (&request.target, results.id) {
        (TargetSpec::Similarity, _) => document::Target {
            kind: TargetKind::Similarity,
            position: None,
            id: None,
            text: request.second_text.clone().unwrap_or_default(),
            read: request.read,
            value: f64::from(results.value),
        },
        (TargetSpec::Next(_), Some(id)) => {
            let logit = results.logits.get(id as usize).copied().map(f64::from);
            let logit = logit.ok_or_else(|| EngineError::Device(format!("there is no logit for token {id}")))?;
            let log_prob = logit - log_sum_exp(&results.logits);
            let value = match request.read {
                document::Read::Logit => logit,
                document::Read::LogProb => log_prob,
                document::Read::Prob => log_prob.exp(),
            };
            let (kind, text) = (TargetKind::NextToken, piece(id));
            document::Target { kind, position: Some(position), id: Some(id), text, read: request.read, value }
        }
        (TargetSpec::Next(_), None) => return Err(EngineError::Device("no token came back".to_owned())),
    };
    let attributions = results
        .methods
        .iter()
        .map(|(method, values)| Attribution {
            method: *method,
            parameters: BTreeMap::new(),
            values: values.iter().copied().map(f64::from).collect(),
            checks: Checks { target_value: f64::from(results.value) },
        })
        .collect();
    let attention = if results.attention.is_empty() {
        Vec::new()
    } else {
        let summary = summarise(&results.attention, tokens, tokens);
        vec![Attention {
            kind: if architecture.causal { AttentionKind::SelfAttention } else { AttentionKind::Encoder },
            layers: architecture.layers,
            heads: architecture.heads,
            rows: tokens,
            columns: tokens,
            values: (request.attention == AttentionDetail::Full).then_some(results.attention),
            summary: Some(AttentionSummary { entropy: summary.entropy, distance: summary.distance }),
        }]
    };
    Ok(Explanation {
        schema: SCHEMA.to_owned(),
        model: document::Model {
            id: model.entry.id.clone(),
            title: model.entry.title.clone(),
            sha256: model.entry.file(FileRole::Weights).map(|file| file.sha256.clone()).unwrap_or_default(),
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
            tokens: encoding
                .tokens
                .into_iter()
                .map(|token| InputToken {
                    id: token.id,
                    text: token.text,
                    start: token.start,
                    end: token.end,
                    special: token.special,
                    word: token.word,
                })
                .collect(),
        },
        output: Output { top: candidates(&results.logits, piece) },
        warnings: warnings(&target, request),
        target,
        attributions,
        attention,
        timing_ms: BTreeMap::new(),
    })
}

/// What a reader must know before trusting the numbers.
fn warnings(target: &document::Target, request: &Request) -> Vec<String> {
    let mut warnings = Vec::new();
    if request.read == document::Read::Prob && !request.methods.is_empty() && !(0.01..=0.99).contains(&target.value) {
        warnings.push(format!(
            "The probability is {:.4}, where a softmax is flat: gradients are close to zero whatever the text says. Read \
             the logit instead.",
            target.value
        ));
    }
    warnings
}

/// Frees what a device keeps for reuse.
pub fn tidy(device: &Device) {
    device.memory_cleanup();
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn candidates_come_best_first_with_probabilities_over_everything() {
        let logits: Vec<f32> = (0..50).map(|index| ((index * 37) % 50) as f32 / 10.0).collect();
        let top = candidates(&logits, |id| id.to_string());
        assert_eq!(top.len(), CANDIDATES);
        assert!(top.windows(2).all(|pair| pair[0].prob >= pair[1].prob));
        assert!((logits[top[0].id as usize] - 4.9).abs() < 1e-6);
        let all: f64 = logits.iter().map(|logit| (f64::from(*logit) - log_sum_exp(&logits)).exp()).sum();
        assert!((all - 1.0).abs() < 1e-12);
        assert!(candidates(&[], |id| id.to_string()).is_empty());
    }

    #[test]
    fn large_logits_do_not_overflow() {
        assert!((log_sum_exp(&[1000.0, 1000.0]) - (1000.0 + 2.0_f64.ln())).abs() < 1e-9);
    }
}
