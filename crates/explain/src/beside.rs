//! A batch shared among threads, where there are any: the CPU's kernels keep one core busy and no more.

use headlight_models::{Changes, Input, Pulse};

use crate::ExplainError;
use crate::target::Place;

/// Does `work` on the parts of a batch, each in a thread of its own, and gives their results in the batch's order. `pulse`
/// hears of the first part alone, as all take about as long.
///
/// # Errors
/// The first part's error, or that of the first part that has one.
#[cfg(not(target_arch = "wasm32"))]
pub(crate) async fn beside<B: Batched, T: Send>(
    input: B,
    threads: usize,
    pulse: &dyn Pulse,
    work: impl AsyncFn(B, &dyn Pulse) -> Result<T, ExplainError> + Sync,
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
pub(crate) async fn beside<B: Batched, T>(
    input: B,
    _: usize,
    pulse: &dyn Pulse,
    work: impl AsyncFn(B, &dyn Pulse) -> Result<T, ExplainError>,
) -> Result<Vec<T>, ExplainError> {
    Ok(vec![work(input, pulse).await?])
}

/// Cuts a batch into at most `count` parts, as alike as can be.
#[cfg(not(target_arch = "wasm32"))]
fn split<B: Batched>(input: &B, count: usize) -> Vec<B> {
    let batch = input.sequences();
    let count = count.clamp(1, batch.max(1));
    let begins = |part: usize| part * batch / count;
    (0..count).map(|index| input.part(begins(index), begins(index + 1) - begins(index))).collect()
}

/// What runs as a batch and can be cut, where there are threads to cut it for.
pub(crate) trait Batched: Send {
    /// How many sequences.
    #[cfg(not(target_arch = "wasm32"))]
    fn sequences(&self) -> usize;

    /// `size` of them, from the sequence `from` on.
    #[cfg(not(target_arch = "wasm32"))]
    fn part(&self, from: usize, size: usize) -> Self;
}

impl Batched for Input {
    #[cfg(not(target_arch = "wasm32"))]
    fn sequences(&self) -> usize {
        self.embeddings.dims()[0]
    }

    #[cfg(not(target_arch = "wasm32"))]
    fn part(&self, from: usize, size: usize) -> Self {
        Self {
            embeddings: self.embeddings.clone().narrow(0, from, size),
            types: self.types.clone(),
            source: self.source.as_ref().map(|source| source.clone().narrow(0, from, size)),
        }
    }
}

impl Batched for (Input, Vec<Place>) {
    #[cfg(not(target_arch = "wasm32"))]
    fn sequences(&self) -> usize {
        self.0.sequences()
    }

    #[cfg(not(target_arch = "wasm32"))]
    fn part(&self, from: usize, size: usize) -> Self {
        let places = self.1.iter().skip(from).take(size).copied();
        (self.0.part(from, size), places.collect())
    }
}

impl Batched for (Input, Changes) {
    #[cfg(not(target_arch = "wasm32"))]
    fn sequences(&self) -> usize {
        self.0.sequences()
    }

    #[cfg(not(target_arch = "wasm32"))]
    fn part(&self, from: usize, size: usize) -> Self {
        (self.0.part(from, size), self.1.part(from, size))
    }
}
