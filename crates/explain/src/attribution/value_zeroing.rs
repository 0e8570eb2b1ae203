//! Value zeroing (Mohebbi et al. 2023, "Quantifying Context Mixing in Transformers"; Inseq has it): how much a token's
//! representation changes when another's value vectors are nought.

use burn::tensor::Tensor;
use headlight_models::{Capture, Captures, Changes, Frame, Hook, Layout, Point, Side, Stack};

use crate::ExplainError;
use crate::attention::Square;
use crate::attention::joint::{Joint, Step};
use crate::case::{Case, read, tensor};

/// 1 − cos of token i's output of a layer with and without token j's value vectors, for each layer alone, everything before it
/// as it was: from the first step up, each `[token, token]` over all tokens of the case. `head` zeroes them in that head alone
/// (where heads share values, in all that share them), else in all. `layer` leaves all other layers out.
///
/// # Errors
/// [`ExplainError::NoSuchLayer`] and [`ExplainError::NoSuchHead`]; others where a run fails or was cancelled.
pub async fn value_zeroing_maps(
    case: &Case<'_>,
    layer: Option<usize>,
    head: Option<usize>,
) -> Result<Vec<Square>, ExplainError> {
    let (layer, head) = case.place(layer, head)?;
    let joint = Joint::of(case);
    let mut maps: Vec<Step> = Vec::new();
    let mut frame = case.model.frame(&case.input.layout());
    let encoder_layers = case.model.encoder().map_or(0, |encoder| encoder.architecture().layers);
    let mut progress = Progress { case, done: 0, total: encoder_layers + case.model.architecture().layers };
    let mut side = Side::Only;
    if let (Some(encoder), Some(source)) = (case.model.encoder(), &case.input.source) {
        let layout = Layout { tokens: joint.before, ..Layout::default() };
        let zeroing = Zeroing { stack: encoder, side: Side::Encoder, frame: encoder.frame(&layout), layer, head };
        frame.memory = Some(zeroing.pass(source.clone(), &joint, &mut maps, &mut progress).await?);
        side = Side::Decoder;
    }
    let zeroing = Zeroing { stack: case.model, side, frame, layer, head };
    zeroing.pass(case.input.embeddings.clone(), &joint, &mut maps, &mut progress).await?;
    // A decoder's layer mixes its own tokens and the encoder's at once.
    let mut squares: Vec<(Side, usize, Square, std::ops::Range<usize>)> = Vec::new();
    for Step { hook, map, rows } in maps {
        match squares.last_mut() {
            Some((side, layer, square, _)) if (*side, *layer) == (hook.side, hook.layer) => {
                *square = square.clone().plus(&map);
            }
            _ => squares.push((hook.side, hook.layer, map, rows)),
        }
    }
    Ok(squares.into_iter().map(|(_, _, square, rows)| stay(square, &rows)).collect())
}

/// The product of [`value_zeroing_maps`], the first layer's rightmost, each row divided by its sum beforehand.
///
/// # Errors
/// As [`value_zeroing_maps`].
pub async fn value_zeroing_map(
    case: &Case<'_>,
    layer: Option<usize>,
    head: Option<usize>,
) -> Result<Square, ExplainError> {
    let maps = value_zeroing_maps(case, layer, head).await?;
    Ok(maps.into_iter().fold(Square::identity(case.tokens()), |below, map| map.normalised().multiply(&below)))
}

/// The mean of [`value_zeroing_map`]'s columns over the rows that the target is read from: one number for each token of the
/// case, of 0 to 1.
///
/// # Errors
/// As [`value_zeroing_maps`].
pub async fn value_zeroing(
    case: &Case<'_>,
    layer: Option<usize>,
    head: Option<usize>,
) -> Result<Vec<f64>, ExplainError> {
    Ok(value_zeroing_map(case, layer, head).await?.column_means(&case.target_rows()))
}

/// Tokens that a layer does not touch have themselves alone.
fn stay(mut square: Square, touched: &std::ops::Range<usize>) -> Square {
    let size = square.size;
    for row in (0..size).filter(|row| !touched.contains(row)) {
        if let Some(own) = square.values.get_mut(row * size + row) {
            *own = 1.0;
        }
    }
    square
}

/// Counts layers.
struct Progress<'a> {
    case: &'a Case<'a>,
    done: usize,
    total: usize,
}

impl Progress<'_> {
    async fn step(&mut self) -> Result<(), ExplainError> {
        self.done += 1;
        self.case.beat(self.done, self.total).await
    }
}

/// One stack, and what is zeroed in it.
struct Zeroing<'a> {
    stack: &'a dyn Stack,
    side: Side,
    frame: Frame,
    layer: Option<usize>,
    head: Option<usize>,
}

impl Zeroing<'_> {
    /// Goes through all layers and gives the final hidden state.
    async fn pass(
        &self,
        embeddings: Tensor<3>,
        joint: &Joint,
        maps: &mut Vec<Step>,
        progress: &mut Progress<'_>,
    ) -> Result<Tensor<3>, ExplainError> {
        let mut residual = self.stack.enter(embeddings, &self.frame);
        let tokens = residual.dims()[1];
        for layer in 0..self.stack.architecture().layers {
            let next = self.stack.block(layer, residual.clone(), &self.frame, &mut Captures::new(Capture::none()));
            // A layer that was chosen is one of the decoder's, where there are two stacks.
            if self.layer.is_none_or(|only| only == layer && self.side != Side::Encoder) {
                let own = self.distances(layer, &residual, &next, Point::V, tokens, progress.case).await?;
                maps.push(joint.step(Hook { side: self.side, layer, point: Point::V }, &own));
                if self.frame.memory.is_some() {
                    let cross =
                        self.distances(layer, &residual, &next, Point::CrossV, joint.before, progress.case).await?;
                    maps.push(joint.step(Hook { side: self.side, layer, point: Point::CrossV }, &cross));
                }
            }
            residual = next;
            progress.step().await?;
        }
        Ok(self.stack.finish(residual))
    }

    /// How far the layer's output is moved without each of `keys` tokens' values: `[query, key]`.
    async fn distances(
        &self,
        layer: usize,
        residual: &Tensor<3>,
        plain: &Tensor<3>,
        point: Point,
        keys: usize,
        case: &Case<'_>,
    ) -> Result<Vec<f64>, ExplainError> {
        let [_, tokens, _] = plain.dims();
        let architecture = self.stack.architecture();
        // Attention to an encoder has a value head for each of its own.
        let heads = if point == Point::CrossV { architecture.heads } else { architecture.key_value_heads };
        let shared = (architecture.heads / heads.max(1)).max(1);
        let mut columns: Vec<f64> = Vec::with_capacity(keys * tokens);
        let plain = normalised(plain.clone());
        for start in (0..keys).step_by(case.most.max(1)) {
            let count = case.most.max(1).min(keys - start);
            let factor = (start..start + count).flat_map(|gone| {
                (0..keys * heads).map(move |place| {
                    let (key, head) = (place / heads, place % heads);
                    let is_gone = key == gone && self.head.is_none_or(|only| only / shared == head);
                    f64::from(u8::from(!is_gone))
                })
            });
            let factor = tensor(factor, [count, keys, heads, 1], residual);
            let mut changes = Changes::default();
            changes.scale(Hook { side: self.side, layer, point }, factor);
            let mut captures = Captures::new(Capture::none()).with_changes(changes);
            captures.enter(self.side);
            let memory = self.frame.memory.as_ref().map(|memory| memory.clone().repeat_dim(0, count));
            let frame = Frame { memory, ..self.frame.clone() };
            let without = self.stack.block(layer, residual.clone().repeat_dim(0, count), &frame, &mut captures);
            // In single precision 1 − cos cancels; half of the squared distance of both at length one does not.
            let apart: Tensor<2> =
                (normalised(without) - plain.clone()).square().sum_dim(2).reshape([count, tokens]) * 0.5;
            let [found] = read([apart]).await?;
            columns.extend(found);
        }
        // `[key, query]` so far.
        Ok((0..tokens).flat_map(|query| columns.iter().skip(query).step_by(tokens.max(1)).copied()).collect())
    }
}

/// At length one: `[batch, token, width]`.
fn normalised(hidden: Tensor<3>) -> Tensor<3> {
    let length = hidden.clone().square().sum_dim(2).sqrt();
    hidden / length
}
