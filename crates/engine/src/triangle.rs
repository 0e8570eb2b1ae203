//! What each token of something written rests on.

use headlight_document::message::DeviceInfo;
use headlight_document::triangle::MAX_CELLS;
use headlight_document::{Piece, Row, Trace, Triangle};
use headlight_explain::Place;
use headlight_explain::triangle::{Work, triangle};
use headlight_models::{Batch, Input};

use crate::error::EngineError;
use crate::methods;
use crate::model::Model;
use crate::progress::{Progress, Relay};
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
    let (input, first, columns): (Input, usize, Vec<u32>) = match (transformer.encoder(), transformer.generation()) {
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
    let place = |step: &usize| Some(Place { position: first + step, id: *trace.written.get(*step)? });
    let places: Vec<Place> = steps.iter().filter_map(place).collect();
    let piece = |id: u32| Piece { id, text: tokenizer.piece(id), special: tokenizer.is_special(id) };
    let mut whole = Triangle {
        text: ids.len(),
        columns: columns.into_iter().map(piece).collect(),
        written: trace.written.iter().copied().map(piece).collect(),
        rows: Vec::with_capacity(places.len()),
    };
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
        });
        let new = Triangle { rows: rows.collect(), ..whole.clone() };
        tell(&new);
        whole.rows.extend(new.rows);
    })
    .await?;
    Ok(whole)
}
