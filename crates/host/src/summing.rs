//! How products with weights add up their terms, and how a caller chooses.
//!
//! A run's products lie deep in it, in forty places of the families. So the choice is not handed down to them: it goes with
//! the future that is the run, and each product asks for it when it begins.

use std::cell::Cell;
use std::future::poll_fn;
use std::pin::pin;

/// How a product with a weight adds up its terms.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Summing {
    /// All in one sum, which is fastest.
    #[default]
    Whole,
    /// In parts of 32 terms: a sixth slower, and a third as much is lost to rounding. It is so natively on the CPU, and there
    /// for more than one row; anywhere else as [`Summing::Whole`]. The way back is not touched: it is a sum over panels of 48
    /// columns, which are parts already.
    InParts,
}

thread_local! {
    /// What holds for what this thread computes just now.
    static CHOSEN: Cell<Summing> = const { Cell::new(Summing::Whole) };
}

impl Summing {
    /// Does `work`, whose products add up their terms so.
    ///
    /// It holds while `work` is polled, in whatever thread that is: neither what runs in its pauses nor another thread hears
    /// of it. What shares its work among threads chooses in each.
    pub async fn within<T>(self, work: impl Future<Output = T>) -> T {
        let mut work = pin!(work);
        poll_fn(|context| {
            let _before = Before(CHOSEN.replace(self));
            work.as_mut().poll(context)
        })
        .await
    }

    /// What holds here.
    pub(crate) fn chosen() -> Self {
        CHOSEN.get()
    }
}

/// Has what was chosen before hold again, after a panic too.
struct Before(Summing);

impl Drop for Before {
    fn drop(&mut self) {
        CHOSEN.set(self.0);
    }
}

#[cfg(test)]
mod tests {
    use std::pin::Pin;
    use std::task::{Context, Poll, Waker};

    use super::*;

    /// Pauses once.
    async fn pause() {
        let mut is_over = false;
        poll_fn(|_| if std::mem::replace(&mut is_over, true) { Poll::Ready(()) } else { Poll::Pending }).await;
    }

    #[test]
    fn a_choice_holds_for_its_own_work_and_not_in_its_pauses() {
        let mut work: Pin<Box<dyn Future<Output = [Summing; 4]>>> = Box::pin(Summing::InParts.within(async {
            let first = Summing::chosen();
            pause().await;
            let within = Summing::Whole.within(async { Summing::chosen() }).await;
            let there = std::thread::spawn(Summing::chosen).join().unwrap();
            [first, within, Summing::chosen(), there]
        }));
        let mut context = Context::from_waker(Waker::noop());
        assert_eq!(work.as_mut().poll(&mut context), Poll::Pending);
        assert_eq!(Summing::chosen(), Summing::Whole);
        let found = [Summing::InParts, Summing::Whole, Summing::InParts, Summing::Whole];
        assert_eq!(work.as_mut().poll(&mut context), Poll::Ready(found));
        assert_eq!(Summing::chosen(), Summing::Whole);
    }

    #[test]
    fn a_panic_leaves_no_choice_behind() {
        let work = std::panic::AssertUnwindSafe(|| {
            let mut work = pin!(Summing::InParts.within(async { panic!("on purpose") }));
            let _: Poll<()> = work.as_mut().poll(&mut Context::from_waker(Waker::noop()));
        });
        assert!(std::panic::catch_unwind(work).is_err());
        assert_eq!(Summing::chosen(), Summing::Whole);
    }
}
