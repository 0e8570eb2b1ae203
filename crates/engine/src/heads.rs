//! Figures of heads and layers, as a document has them.

use headlight_document::{
    self as document, HeadFigure, HeadLabel, HeadValues, Heads, Request, StackValues, TokenValues,
};
use headlight_explain::Case;
use headlight_explain::ablation::{Ablation, ablation};
use headlight_explain::attention::{self as found, ByHead, Kind, Repeated, Tokens, induction, profile};
use headlight_explain::direct::direct;
use headlight_explain::lens::lens;
use headlight_explain::patching::{Patching, Taken};
use headlight_models::{Architecture, Head, Input, Transformer};

use crate::answer::bound_maps;
use crate::error::EngineError;
use crate::methods::Asked;
use crate::model::Model;
use crate::over_texts;
use crate::places::{kind, stack};
use crate::progress::Relay;
use crate::tasks::{self, Plan, Question};

/// How many random tokens are said twice, where induction is measured.
const LENGTH: usize = 24;

/// In how many texts.
const TEXTS: usize = 4;

/// What an ablated part's output is multiplied with: it is taken out.
pub(crate) const FACTOR: f64 = 0.0;

/// Everything of heads and layers that `request` asks for.
pub(crate) async fn all(
    asked: &Asked<'_>,
    case: &Case<'_>,
    plan: &Plan,
    request: &Request,
    relay: &Relay<'_>,
) -> Result<Heads, EngineError> {
    if request.heads.contains(&HeadFigure::Profile) || request.patch.is_some() {
        let Architecture { layers, heads, .. } = case.model.architecture();
        bound_maps(layers * heads, case.tokens())?;
    }
    let mut found = heads(asked, case, &case_ids(asked.model, plan), &request.heads).await?;
    if !request.texts.is_empty() {
        found.over_texts = Some(over_texts::over_texts(asked.model, asked.info, case, request, relay).await?);
    }
    if let Some(text) = &request.patch {
        let other = Request { text: text.clone(), ..request.clone() };
        let other = tasks::plan(asked.model, &other, relay).await?.input;
        found.patching = Some(patching(case, text, &other).await?);
    }
    Ok(found)
}

/// The ids of all tokens of the case: the input's, and what a decoder has read, its start included.
pub(crate) fn case_ids(model: &Model, plan: &Plan) -> Vec<u32> {
    let input = plan.tokens.iter().map(|token| token.id);
    match (&plan.question, model.transformer.generation()) {
        (Question::Output { written, .. }, Some(generation)) => {
            let before = written.iter().map(|(id, _)| *id).take(written.len().saturating_sub(1));
            input.chain([generation.start]).chain(before).collect()
        }
        _ => input.collect(),
    }
}

/// Finds what is `wanted` for the case's target; `ids` are those of all of its tokens.
async fn heads(asked: &Asked<'_>, case: &Case<'_>, ids: &[u32], wanted: &[HeadFigure]) -> Result<Heads, EngineError> {
    let wants = |figure| wanted.contains(&figure);
    let mut heads = Heads::default();
    if wants(HeadFigure::Profile) {
        let special = asked.special(case);
        let found = profile(case, Tokens { ids, special: &special }).await?;
        heads.profiles = found.into_iter().map(|one| profiled(case.model, one)).collect();
    }
    if wants(HeadFigure::Lens) {
        heads.lens = Some(seen(asked, case, lens(case).await?));
    }
    if wants(HeadFigure::Direct) {
        let found = direct(case).await?;
        heads.direct = Some(document::Direct {
            logit: found.logit,
            embedding: found.embedding,
            heads: found.heads.into_iter().map(|heads| by_head(case.model, heads)).collect(),
            recurrence: found.recurrence,
            mlps: found.mlps,
            biases: found.biases,
            rest: found.rest,
        });
    }
    if wants(HeadFigure::Ablation) {
        let found = ablation(case, FACTOR).await?;
        heads.ablation = Some(ablated(case.model, found));
    }
    if wants(HeadFigure::Induction) {
        let tokenizer = &asked.model.tokenizer;
        let end = case.model.architecture().vocabulary as u32;
        // What is special stands in front in most vocabularies.
        let start = (0..end).find(|id| !tokenizer.is_special(*id)).unwrap_or(0);
        let seed = asked.parameters.seed;
        let length = LENGTH.min(case.model.architecture().context / 2);
        let repeated = Repeated { start, end, before: None, length, texts: TEXTS, seed };
        let found = induction(case.model, repeated, case.most, case.pulse).await?;
        heads.induction = found.map(|scores| document::Induction {
            length,
            texts: TEXTS,
            range: [start, end],
            seed,
            scores: by_head(case.model, scores),
        });
    }
    Ok(heads)
}

/// Puts what another text has, `other`, into the case's run.
async fn patching(case: &Case<'_>, text: &str, other: &Input) -> Result<document::Patching, EngineError> {
    let patching = Patching::new(case, other).await?;
    let heads = async |taken| -> Result<Vec<HeadValues>, EngineError> {
        Ok(patching.heads(taken).await?.into_iter().map(|heads| by_head(case.model, heads)).collect())
    };
    let (z, pattern) = (heads(Taken::Z).await?, heads(Taken::Pattern).await?);
    let residual = patching.residual().await?.into_iter().map(|found| TokenValues {
        kind: stack(case.model, found.side),
        layers: found.layers,
        tokens: found.tokens,
        values: found.values,
    });
    Ok(document::Patching {
        text: text.to_owned(),
        value: patching.value(),
        other_value: patching.other_value,
        z,
        pattern,
        residual: residual.collect(),
    })
}

fn by_head(model: &dyn Transformer, ByHead { attends, values }: ByHead) -> HeadValues {
    HeadValues { kind: kind(model, attends), layers: attends.layers, heads: attends.heads, values }
}

pub(crate) fn ablated(model: &dyn Transformer, found: Ablation) -> document::Ablation {
    let stacks = found.mlps.into_iter();
    document::Ablation {
        factor: FACTOR,
        value: found.value,
        heads: found.heads.into_iter().map(|heads| by_head(model, heads)).collect(),
        mlps: stacks.map(|mlps| StackValues { kind: stack(model, mlps.side), values: mlps.values }).collect(),
    }
}

pub(crate) fn profiled(
    model: &dyn Transformer,
    found::Profile { attends, heads }: found::Profile,
) -> document::Profile {
    let one = |head: found::HeadProfile| document::HeadProfile {
        entropy: head.entropy,
        distance: head.distance,
        previous: head.share(Kind::Previous),
        next: head.share(Kind::Next),
        same: head.share(Kind::Same),
        first: head.share(Kind::First),
        special: head.share(Kind::Special),
        duplicate: head.share(Kind::Duplicate),
        induction: head.share(Kind::Induction),
        importance: head.importance,
        labels: head.labels().into_iter().map(label).collect(),
    };
    document::Profile {
        kind: kind(model, attends),
        layers: attends.layers,
        heads: attends.heads,
        values: heads.into_iter().map(one).collect(),
    }
}

fn label(label: found::HeadLabel) -> HeadLabel {
    match label {
        found::HeadLabel::Looks(Kind::Previous) => HeadLabel::Previous,
        found::HeadLabel::Looks(Kind::Next) => HeadLabel::Next,
        found::HeadLabel::Looks(Kind::Same) => HeadLabel::Same,
        found::HeadLabel::Looks(Kind::First) => HeadLabel::First,
        found::HeadLabel::Looks(Kind::Special) => HeadLabel::Special,
        found::HeadLabel::Looks(Kind::Duplicate) => HeadLabel::Duplicate,
        found::HeadLabel::Looks(Kind::Induction) => HeadLabel::Induction,
        found::HeadLabel::Broad => HeadLabel::Broad,
    }
}

fn seen(asked: &Asked<'_>, case: &Case<'_>, found: headlight_explain::lens::Lens) -> document::Lens {
    let name = |id: u32| match case.model.head() {
        Head::Labels(head) => head.names.get(id as usize).cloned().unwrap_or_default(),
        _ => asked.model.tokenizer.piece(id),
    };
    let wins = found.wins();
    document::Lens {
        values: found.values,
        logits: found.logits,
        log_probs: found.log_probs,
        ranks: found.ranks,
        best: found.best.map(|best| best.into_iter().map(|id| document::LensEntry { id, text: name(id) }).collect()),
        wins,
    }
}
