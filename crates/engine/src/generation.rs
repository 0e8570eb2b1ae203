//! Going on with a text, and what each step says of it.

use headlight_document::message::Stage;
use headlight_document::{Candidate, Generated, Generation, OutputToken, Step};
use headlight_explain::Random;
use headlight_models::Architecture;
use headlight_models::continuation::Continuation;
use headlight_models::sampling::{Sampling, pick};

use crate::error::EngineError;
use crate::model::Model;
use crate::progress::{Progress, Relay};

/// How many candidates a step names.
const TOP: usize = 10;

/// What keeps the random numbers that choose tokens apart from others of the same seed.
const PURPOSE: u64 = 7;

/// Writes after the text of `generation`, and tells of each token as soon as it is chosen. Where `progress` says to stop, that is
/// the end of what is written, and no error.
///
/// # Errors
/// [`EngineError`] where the model is no causal one, or the text can't be run.
pub async fn generate(
    model: &Model,
    generation: &Generation,
    progress: &dyn Progress,
    tell: &dyn Fn(&Step),
) -> Result<Generated, EngineError> {
    generation.validate()?;
    let (relay, tokenizer) = (Relay(progress), &model.tokenizer);
    let Architecture { context, vocabulary, .. } = model.transformer.architecture();
    let mut ids = tokenizer.encode(&generation.text, None)?.ids;
    let tokens = ids.len();
    // Tokens are decoded with the text before them: some tokenizers leave out a space at the beginning.
    let begun = tokenizer.decode(&ids)?.len();
    ids.extend(generation.written.iter().filter(|id| usize::try_from(**id).is_ok_and(|id| id < vocabulary)));
    let mut reading = Continuation::read(model.transformer.as_ref(), &ids, &relay).await?;
    let asked = generation.sampling;
    let sampling = Sampling { temperature: asked.temperature, top_k: asked.top_k, top_p: asked.top_p };
    let mut random = Random::new(asked.seed, PURPOSE);
    // A token's number is of its place, so that what follows another choice is drawn as it would have been.
    for _ in &generation.written {
        let _ = random.unit();
    }
    let (mut steps, mut ended) = (Vec::new(), false);
    let mut told = whole(&tokenizer.decode(&ids)?).len();
    while ids.len() < context {
        let Some(id) = pick(&sampling.candidates(reading.scores()), random.unit()) else { break };
        ids.push(id);
        let text = tokenizer.decode(&ids)?;
        let text = whole(&text);
        let step = say(model, &reading, id, text.get(told..).unwrap_or_default());
        told = told.max(text.len());
        tell(&step);
        ended = tokenizer.eos().map_or(step.token.special, |end| end == id);
        steps.push(step);
        let heard = progress.report(Stage::Generate, steps.len() as u64, Some(generation.most as u64)).await;
        if heard.is_err() || ended || steps.len() == generation.most {
            break;
        }
        match reading.push(&[id], &relay).await.map_err(EngineError::from) {
            Err(error) if error.is_cancelled() => break,
            other => other?,
        }
    }
    let text = tokenizer.decode(&ids)?.get(begun..).unwrap_or_default().to_owned();
    Ok(Generated { generation: generation.clone(), tokens, steps, text, ended, triangle: None })
}

/// A text without the beginning of a character whose end is not written yet.
fn whole(text: &str) -> &str {
    text.trim_end_matches('\u{fffd}')
}

/// What a step says: the token that was taken, and the most probable ones.
fn say(model: &Model, reading: &Continuation<'_>, id: u32, adds: &str) -> Step {
    let tokenizer = &model.tokenizer;
    let prob = |id: u32| reading.log_prob(id).exp();
    let top = reading.best(TOP).into_iter().map(|(id, logit)| Candidate {
        id,
        text: tokenizer.piece(id),
        logit: f64::from(logit),
        prob: prob(id),
    });
    let token = OutputToken { id, text: tokenizer.piece(id), special: tokenizer.is_special(id), prob: prob(id) };
    Step { token, adds: adds.to_owned(), top: top.collect() }
}
