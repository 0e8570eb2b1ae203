//! What Headlight says and hears, as plain data: the [`Request`], the [`Explanation`] document, the [`Manifest`] of
//! models, the share [`link`], and the [`message`]s between the page and the worker that hosts the engine.
//!
//! Nothing here computes: the room knows no tensors and compiles in seconds, so that both wasm modules, the command
//! line and the tests speak of exactly the same things.

pub mod explanation;
pub mod faithfulness;
pub mod frozen;
pub mod generation;
pub mod heads;
pub mod intervention;
pub mod json;
pub mod link;
pub mod look;
pub mod manifest;
pub mod marks;
pub mod message;
pub mod method;
mod names;
pub mod prompt;
pub mod request;
pub mod source;
pub mod target_spec;
pub mod triangle;
mod units;
pub mod validate;
mod validate_wrote;
pub mod wrote;

pub use explanation::{
    Attention, AttentionKind, AttentionSummary, Attribution, Candidate, Checks, Explanation, Foil, Input, InputToken,
    LayerAttribution, Model, Output, OutputToken, Overview, SpanCandidate, Target, TokenLabel,
};
pub use faithfulness::{Agreement, Band, Curve, Erasure, Faithfulness, Measure, Measured, RandomOrders};
pub use frozen::Frozen;
pub use generation::{Generated, Generation, GenerationError, Sampling, Step};
pub use heads::{
    Ablation, Direct, HeadFigure, HeadLabel, HeadProfile, HeadValues, Heads, Induction, Lens, LensEntry, OverTexts,
    Patching, Profile, StackValues, TokenValues,
};
pub use intervention::{Changed, Intervention, Scaled};
pub use look::{Look, Neurons, Seen, Tile, Whose};
pub use manifest::{Example, FileRole, Manifest, ModelEntry, ModelFile};
pub use marks::Mark;
pub use method::{Baseline, Hierarchy, Method, Parameters, Units};
pub use request::{AttentionDetail, Read, Request, RequestError, SecondText, Shot, Task};
pub use source::{Cached, Inspection, Secret, Source};
pub use target_spec::{TargetKind, TargetSpec, Token};
pub use triangle::{Gaze, Gazed, Piece, Row, Trace, Triangle};
pub use validate::DocumentError;
pub use wrote::{Aside, Chosen, Way, Wrote};
