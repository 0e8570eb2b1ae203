//! What each token of something written rests on.

use headlight_document::message::DeviceInfo;
use headlight_document::triangle::MAX_CELLS;
use headlight_document::{AttentionKind, Gaze, Gazed, Piece, Row, Trace, Triangle, Whose};
use headlight_explain::Place;
use headlight_explain::attention::rows;
use headlight_explain::triangle::{Work, triangle};
use headlight_models::{Batch, Input, Transformer};

use crate::error::EngineError;
use crate::maps::ROW_SUM;
use crate::methods;
use crate::model::Model;
use crate::places::attends;
use crate::progress::{Progress, Relay};
use crate::results::failed;
use crate::tasks;

/// Works out what each token of `trace` rests on, and tells of the triangle as it grows: each time with the rows that are new.
///
/// # Errors
/// [`EngineError`] where the model writes no texts, what was written has an entry that its vocabulary lacks, the triangle would be
/// too large, or `progress` says to stop.
pub async fn trace(
    model: &Model,
    info: &DeviceInfo,
    trace: &Trace,
    progress: &dyn Progress,
    tell: &dyn Fn(&Triangle),
) -> Result<Triangle, EngineError> {
    trace.validate()?;
    let (transformer, tokenizer) = (model.transformer.as_ref(), &model.tokenizer);
    let vocabulary = transformer.architecture().vocabulary;
    if let Some(id) = trace.written.iter().copied().find(|id| !usize::try_from(*id).is_ok_and(|id| id < vocabulary)) {
        return Err(headlight_explain::ExplainError::NoSuchToken { id, vocabulary }.into());
    }
    let ids = tokenizer.encode(&trace.text, None)?.ids;
    let before = trace.written.iter().copied().take(trace.written.len().saturating_sub(1));
    let (input, first, mut columns): (Input, usize, Vec<u32>) = match (transformer.encoder(), transformer.generation())
    {
        (Some(_), Some(generation)) => {
            let own: Vec<u32> = std::iter::once(generation.start).chain(before).collect();
            let input = Input::embed(transformer, &Batch::one(&own), Some(&Batch::one(&ids)));
            (input, 0, ids.iter().copied().chain(own).collect())
        }
        _ if transformer.architecture().causal && !ids.is_empty() => {
            let all: Vec<u32> = ids.iter().copied().chain(before).collect();
            (Input::embed(transformer, &Batch::one(&all), None), ids.len() - 1, all)
        }
        _ => return Err(headlight_models::decode::DecodeError::NoWriter.into()),
    };
    if columns.len().saturating_mul(trace.written.len()) > MAX_CELLS {
        return Err(EngineError::TooMuchToSee);
    }
    let mut steps = if trace.steps.is_empty() { (0..trace.written.len()).collect() } else { trace.steps.clone() };
    steps.sort_unstable();
    steps.dedup();
    if let Some(gaze) = trace.gaze {
        let own = match gaze.kind {
            AttentionKind::Cross => 0..ids.len(),
            _ if transformer.encoder().is_some() => ids.len()..columns.len(),
            _ => 0..columns.len(),
        };
        let text = if own.start == 0 { ids.len() } else { 0 };
        columns = columns.get(own).unwrap_or_default().to_vec();
        let mut whole = triangle_of(model, trace, &columns, text);
        attend(transformer, input, first, gaze, &steps, &mut whole, progress).await?;
        tell(&whole);
        return Ok(whole);
    }
    let place = |step: &usize| Some(Place { position: first + step, id: *trace.written.get(*step)? });
    let places: Vec<Place> = steps.iter().filter_map(place).collect();
    let mut whole = triangle_of(model, trace, &columns, ids.len());
    let work = Work {
        read: tasks::read_as(trace.read),
        most: methods::most(model, info, &input),
        threads: methods::threads(info),
    };
    triangle(transformer, &input, &places, work, &Relay(progress), |rows| {
        let steps = steps.iter().skip(whole.rows.len());
        let rows = rows.into_iter().zip(steps).map(|(row, step)| Row {
            step: *step,
            value: row.value,
            saliency: row.saliency,
            grad_x_input: row.grad_x_input,
            attention: Vec::new(),
        });
        let new = Triangle { rows: rows.collect(), ..whole.clone() };
        tell(&new);
        whole.rows.extend(new.rows);
    })
    .await?;
    Ok(whole)
}

/// A triangle that has no rows yet.
fn triangle_of(model: &Model, trace: &Trace, columns: &[u32], text: usize) -> Triangle {
    let tokenizer = &model.tokenizer;
    let piece = |id: &u32| Piece { id: *id, text: tokenizer.piece(*id), special: tokenizer.is_special(*id) };
    let [columns, written] = [columns, &trace.written].map(|ids| ids.iter().map(piece).collect());
    Triangle { columns, text, written, rows: Vec::new(), gazed: None }
}

/// Puts the attention of the places at which `steps` are read into `whole`: one run forward.
async fn attend(
    model: &dyn Transformer,
    input: Input,
    first: usize,
    gaze: Gaze,
    steps: &[usize],
    whole: &mut Triangle,
    progress: &dyn Progress,
) -> Result<(), EngineError> {
    let is_read = gaze.kind == AttentionKind::Encoder;
    let attends = attends(model, gaze.kind).filter(|_| !is_read).ok_or(EngineError::NoSuchMap)?;
    let last = attends.layers.saturating_sub(1);
    let whose = gaze.whose.unwrap_or(Whose::Layer(last));
    let place = match whose {
        Whose::Head(layer, head) => (layer, Some(head)),
        Whose::Layer(layer) => (layer, None),
        Whose::Mean | Whose::Rollout | Whose::Flow(_) => return Err(EngineError::NoSuchMap),
    };
    let queries = first..first + whole.written.len();
    let found = rows(model, input, attends, place, queries, &Relay(progress)).await?;
    for step in steps {
        let attention = found.get(*step).cloned().unwrap_or_default();
        if (attention.iter().sum::<f64>() - 1.0).abs() > ROW_SUM {
            return Err(failed("it returned attention whose rows do not sum to one"));
        }
        whole.rows.push(Row { step: *step, attention, ..Row::default() });
    }
    whole.gazed = Some(Gazed { kind: gaze.kind, whose, layers: attends.layers, heads: attends.heads });
    Ok(())
}
