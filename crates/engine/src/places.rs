//! Kinds of attention, as documents name them, and the places in a model that they stand for.

use headlight_document::AttentionKind;
use headlight_explain::attention::Attends;
use headlight_models::{Side, Transformer};

/// What the attention of a stack to its own tokens is called.
pub(crate) fn stack(model: &dyn Transformer, side: Side) -> AttentionKind {
    match side {
        Side::Encoder => AttentionKind::Encoder,
        Side::Only if !model.architecture().causal => AttentionKind::Encoder,
        Side::Only | Side::Decoder => AttentionKind::SelfAttention,
    }
}

/// What the attention of these heads is called.
pub(crate) fn kind(model: &dyn Transformer, attends: Attends) -> AttentionKind {
    if attends.is_cross { AttentionKind::Cross } else { stack(model, attends.side) }
}

/// The heads of a kind; none where the model has none such.
pub(crate) fn attends(model: &dyn Transformer, wanted: AttentionKind) -> Option<Attends> {
    Attends::of(model).into_iter().find(|attends| kind(model, *attends) == wanted)
}

/// The stack whose own attention is of a kind, also where it hears of its tokens in another way.
pub(crate) fn side(model: &dyn Transformer, wanted: AttentionKind) -> Option<Side> {
    let sides = if model.encoder().is_some() { [Side::Encoder, Side::Decoder].as_slice() } else { &[Side::Only] };
    sides.iter().copied().find(|side| stack(model, *side) == wanted)
}
