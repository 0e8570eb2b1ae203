//! A batch shared among threads, where there are any: the CPU's kernels keep one core busy and no more.

use headlight_models::{Input, Pulse};

use crate::ExplainError;

/// Does `work` on the parts of a batch, each in a thread of its own, and gives their results in the batch's order. `pulse`
/// hears of the first part alone, as all take about as long.
///
/// # Errors
/// The first part's error, or that of the first part that has one.
#[cfg(not(target_arch = "wasm32"))]
pub(crate) async fn beside<T: Send>(
    input: Input,
    threads: usize,
    pulse: &dyn Pulse,
    work: impl AsyncFn(Input, &dyn Pulse) -> Result<T, ExplainError> + Sync,
) -> Result<Vec<T>, ExplainError> {
    let mut parts = split(&input, threads).into_iter();
    let (Some(first), true) = (parts.next(), threads > 1) else { return Ok(vec![work(input, pulse).await?]) };
    // On the CPU nothing is ever waited for, so blocking costs nothing.
    let results: Vec<Result<T, ExplainError>> = std::thread::scope(|scope| {
        let work = &work;
        let others: Vec<_> =
            parts.map(|part| scope.spawn(move || pollster::block_on(work(part, &headlight_models::Silent)))).collect();
        let first = pollster::block_on(work(first, pulse));
        let join = |thread: std::thread::ScopedJoinHandle<'_, _>| {
            thread.join().unwrap_or_else(|panic| std::panic::resume_unwind(panic))
        };
        std::iter::once(first).chain(others.into_iter().map(join)).collect()
    });
    results.into_iter().collect()
}

/// Without threads: all at once.
#[cfg(target_arch = "wasm32")]
pub(crate) async fn beside<T>(
    input: Input,
    _: usize,
    pulse: &dyn Pulse,
    work: impl AsyncFn(Input, &dyn Pulse) -> Result<T, ExplainError>,
) -> Result<Vec<T>, ExplainError> {
    Ok(vec![work(input, pulse).await?])
}

/// Cuts a batch into at most `count` parts, as alike as can be.
#[cfg(not(target_arch = "wasm32"))]
fn split(input: &Input, count: usize) -> Vec<Input> {
    let [batch, _, _] = input.embeddings.dims();
    let count = count.clamp(1, batch.max(1));
    let begins = |part: usize| part * batch / count;
    let part = |index: usize| {
        let (from, size) = (begins(index), begins(index + 1) - begins(index));
        Input {
            embeddings: input.embeddings.clone().narrow(0, from, size),
            types: input.types.clone(),
            source: input.source.as_ref().map(|source| source.clone().narrow(0, from, size)),
        }
    };
    (0..count).map(part).collect()
}
