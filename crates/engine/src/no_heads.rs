//! In the place of `heads.rs` where that is left out.

use headlight_document::{Heads, Request};
use headlight_explain::Case;

use crate::error::EngineError;
use crate::methods::Asked;
use crate::progress::Relay;
use crate::tasks::Plan;

/// Says that figures of heads are left out.
pub(crate) async fn all(
    _: &Asked<'_>,
    _: &Case<'_>,
    _: &Plan,
    _: &Request,
    _: &Relay<'_>,
) -> Result<Heads, EngineError> {
    Err(EngineError::NoHeads)
}
