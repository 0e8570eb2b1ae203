//! What is awaited deep inside, kept off the stack.

use std::pin::Pin;

/// The future that `make` makes, on the heap and behind a pointer. All that an answer may await is together more than a
/// thread's stack holds, and written out in one function more than there need be to download. It is made in here, so that
/// the caller's frame has no room for it either: without optimisation each one would stay there.
pub(crate) fn boxed<'a, F: Future + 'a>(make: impl FnOnce() -> F) -> Pin<Box<dyn Future<Output = F::Output> + 'a>> {
    Box::pin(make())
}
