//! Going on with a text, or translating it, and what each step says.

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

/// Writes after the text of `generation`, or its translation, and tells of each token as soon as it is chosen. Where `progress` says
/// to stop, that is the end of what is written, and no error.
///
/// # Errors
/// [`EngineError`] where the model writes nothing, or the text can't be run.
pub async fn generate(
    model: &Model,
    generation: &Generation,
    progress: &dyn Progress,
    tell: &dyn Fn(&Step),
) -> Result<Generated, EngineError> {
    generation.validate()?;
    let (relay, tokenizer, transformer) = (Relay(progress), &model.tokenizer, model.transformer.as_ref());
    let Architecture { context, vocabulary, .. } = transformer.architecture();
    let read = tokenizer.encode(&generation.text, None)?.ids;
    let tokens = read.len();
    let is_known = |id: &&u32| usize::try_from(**id).is_ok_and(|id| id < vocabulary);
    let written: Vec<u32> = generation.written.iter().filter(is_known).copied().collect();
    // What was written before is read at once, where nobody wants to hear of it again.
    let at_once = if generation.replay { Vec::new() } else { written.clone() };
    let translator = transformer.encoder().and_then(|_| transformer.generation());
    let (mut reading, mut ids) = match &translator {
        Some(_) => {
            let mut reading = Continuation::translate(transformer, &read, &relay).await?;
            if !at_once.is_empty() {
                reading.push(&at_once, &relay).await?;
            }
            (reading, Vec::new())
        }
        // Tokens are decoded with the text before them: some tokenizers leave out a space at the beginning.
        None => (Continuation::read(transformer, &[&*read, &at_once].concat(), &relay).await?, read),
    };
    let ends = |id: u32, is_special: bool| match (&translator, tokenizer.eos()) {
        (Some(translator), _) => translator.end.contains(&id),
        (None, Some(end)) => end == id,
        (None, None) => is_special,
    };
    // What a decoder begins with takes a place too.
    let room = context.saturating_sub(usize::from(translator.is_some()));
    let begun = tokenizer.decode(&ids)?.len();
    ids.extend(&at_once);
    let asked = generation.sampling;
    let sampling = Sampling { temperature: asked.temperature, top_k: asked.top_k, top_p: asked.top_p };
    let mut random = Random::new(asked.seed, PURPOSE);
    // A token's number is of its place, so that what follows another choice is drawn as it would have been.
    for _ in &at_once {
        let _ = random.unit();
    }
    let again = written.len() - at_once.len();
    let most = generation.most + again;
    let (mut steps, mut ended) = (Vec::new(), false);
    let mut told = whole(&tokenizer.decode(&ids)?).len();
    while ids.len() < room && steps.len() < most {
        let drawn = random.unit();
        let known = written.get(at_once.len() + steps.len()).copied();
        let Some(id) = known.or_else(|| pick(&sampling.candidates(reading.scores()), drawn)) else { break };
        ids.push(id);
        let text = tokenizer.decode(&ids)?;
        let text = whole(&text);
        let step = say(model, &reading, id, text.get(told..).unwrap_or_default());
        told = told.max(text.len());
        tell(&step);
        ended = ends(id, step.token.special);
        steps.push(step);
        let heard = progress.report(Stage::Generate, steps.len() as u64, Some(most as u64)).await;
        if heard.is_err() || ended || steps.len() == most {
            break;
        }
        match reading.push(&[id], &relay).await.map_err(EngineError::from) {
            Err(error) if error.is_cancelled() => break,
            other => other?,
        }
    }
    let text = tokenizer.decode(&ids)?.get(begun..).unwrap_or_default().to_owned();
    Ok(Generated { generation: generation.clone(), tokens, steps, text, ended, triangle: None, gazed: None })
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
