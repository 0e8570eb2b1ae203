//! What a person changes of a model: heads and MLPs scaled, tokens hidden from attention.

use std::collections::BTreeMap;

use headlight_models::{Capture, Changes, Hook, Point, Side, run};

use crate::ExplainError;
use crate::attention::{Attends, stacks};
use crate::case::{Case, tensor};
use crate::target::Reading;

/// A part of a model that writes into the residual.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Part {
    /// A head, by its z.
    Head {
        /// Among which heads.
        attends: Attends,
        /// Its layer.
        layer: usize,
        /// Its number there.
        head: usize,
    },
    /// A block's second half, by what it adds.
    Mlp {
        /// The stack.
        side: Side,
        /// The block.
        layer: usize,
    },
}

/// Changes of one text's run, all at once.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Intervention {
    /// What a part's output is multiplied with; nought takes it out.
    pub scaled: Vec<(Part, f64)>,
    /// Tokens of the case that no query of any layer sees, themselves included; the rest of each row is divided by its sum.
    pub hidden: Vec<usize>,
}

impl Intervention {
    /// What it changes of a run of the case.
    ///
    /// # Errors
    /// [`ExplainError::NoSuchLayer`], [`ExplainError::NoSuchHead`] and [`ExplainError::NoSuchPosition`].
    pub fn changes(&self, case: &Case<'_>) -> Result<Changes, ExplainError> {
        let mut changes = Changes::default();
        for (part, factor) in &self.scaled {
            check(case, *part)?;
            scale(case, &mut changes, &[*part], *factor);
        }
        let tokens = case.tokens();
        if let Some(position) = self.hidden.iter().copied().find(|position| *position >= tokens) {
            return Err(ExplainError::NoSuchPosition { position, tokens });
        }
        if self.hidden.is_empty() {
            return Ok(changes);
        }
        let before = case.input.source.as_ref().map_or(0, |source| source.dims()[1]);
        for attends in Attends::of(case.model) {
            let keys = if attends.side == Side::Encoder || attends.is_cross { 0..before } else { before..tokens };
            let count = keys.len();
            let seen = keys.map(|token| f64::from(u8::from(!self.hidden.contains(&token))));
            let seen = tensor(seen, [1, 1, 1, count], &case.input.embeddings);
            (0..attends.layers).for_each(|layer| changes.hide(attends.pattern(layer), seen.clone()));
        }
        Ok(changes)
    }

    /// The case's target as the changed model says it.
    ///
    /// # Errors
    /// As [`Intervention::changes`]; others where the run fails or was cancelled.
    pub async fn read(&self, case: &Case<'_>) -> Result<Reading, ExplainError> {
        let changes = self.changes(case)?;
        let run = run::run_changed(case.model, case.input.clone(), Capture::none(), changes, case.pulse).await?;
        case.target.read(case.model, run.hidden)
    }
}

/// Whether the model has such a part.
fn check(case: &Case<'_>, part: Part) -> Result<(), ExplainError> {
    let (side, layer) = match part {
        Part::Head { attends, layer, .. } => (attends.side, layer),
        Part::Mlp { side, layer } => (side, layer),
    };
    let layers = stacks(case.model)
        .into_iter()
        .find_map(|(known, stack)| (known == side).then(|| stack.architecture().layers))
        .unwrap_or(0);
    if layer >= layers {
        return Err(ExplainError::NoSuchLayer { layer, layers });
    }
    match part {
        Part::Head { attends, head, .. } => {
            let known = Attends::of(case.model).into_iter().find(|known| *known == attends);
            let heads = known.map_or(0, |known| known.heads);
            if head >= heads { Err(ExplainError::NoSuchHead { head, heads }) } else { Ok(()) }
        }
        Part::Mlp { .. } => Ok(()),
    }
}

/// Changes for as many copies of a text as there are `parts`: each has one of them multiplied with `factor`.
pub(crate) fn each_alone(case: &Case<'_>, parts: &[Part], factor: f64) -> Changes {
    let mut changes = Changes::default();
    scale(case, &mut changes, parts, factor);
    changes
}

/// Where the parts of a batch are: for each place the sequences in which something is changed there, and which head it is.
pub(crate) fn by_hook<T>(parts: impl Iterator<Item = (Hook, T)>) -> BTreeMap<Hook, Vec<(usize, T)>> {
    let mut found: BTreeMap<Hook, Vec<(usize, T)>> = BTreeMap::new();
    for (sequence, (hook, what)) in parts.enumerate() {
        found.entry(hook).or_default().push((sequence, what));
    }
    found
}

/// As many numbers as `sequences` of `count`: `one` in the row and column of each of `marked`, `other` elsewhere.
pub(crate) fn marked(
    marked: &[(usize, usize)],
    sequences: usize,
    count: usize,
    [one, other]: [f64; 2],
) -> impl Iterator<Item = f64> {
    let mut values = vec![other; sequences * count];
    for (sequence, which) in marked {
        if let Some(value) = values.get_mut(sequence * count + which) {
            *value = one;
        }
    }
    values.into_iter()
}

fn scale(case: &Case<'_>, changes: &mut Changes, parts: &[Part], factor: f64) {
    let size = parts.len();
    let like = &case.input.embeddings;
    let places = parts.iter().map(|part| match part {
        Part::Head { attends, layer, head } => (attends.z(*layer), (*head, attends.heads)),
        Part::Mlp { side, layer } => (Hook { side: *side, layer: *layer, point: Point::MlpOut }, (0, 1)),
    });
    for (hook, which) in by_hook(places) {
        let heads = which.first().map_or(1, |(_, (_, heads))| *heads);
        let which: Vec<(usize, usize)> = which.into_iter().map(|(sequence, (head, _))| (sequence, head)).collect();
        let factors = marked(&which, size, heads, [factor, 1.0]);
        match hook.point {
            Point::MlpOut => changes.scale_residual(hook, tensor(factors, [size, 1, 1], like)),
            _ => changes.scale(hook, tensor(factors, [size, 1, heads, 1], like)),
        }
    }
}
