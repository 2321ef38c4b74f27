//! Cancels the work of a program on all its engines.

use std::fmt;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard};

use super::duckdb::{Cancelled, Canceller};

/// A switch that ends the statements of all engines that are opened with it, and refuses to open further ones. Clones share
/// it.
#[derive(Clone, Default)]
pub struct Cancellation(Arc<Inner>);

#[derive(Default)]
struct Inner {
    is_cancelled: AtomicBool,
    engines: Mutex<Vec<Canceller>>,
}

impl Cancellation {
    /// Ends running statements, and refuses new ones until [`Cancellation::reset`]. Repeated by the caller until the work has
    /// ended, like [`Canceller::cancel`].
    pub fn cancel(&self) {
        self.0.is_cancelled.store(true, Ordering::SeqCst);
        self.engines().iter().for_each(Canceller::cancel);
    }

    /// Permits work on engines that are opened from now on.
    pub fn reset(&self) {
        self.engines().clear();
        self.0.is_cancelled.store(false, Ordering::SeqCst);
    }

    /// Returns whether the work is cancelled.
    pub fn is_cancelled(&self) -> bool {
        self.0.is_cancelled.load(Ordering::SeqCst)
    }

    /// Returns an error if the work is cancelled.
    ///
    /// # Errors
    /// Returns [`Cancelled`].
    pub fn check(&self) -> Result<(), Cancelled> {
        if self.is_cancelled() { Err(Cancelled) } else { Ok(()) }
    }

    /// Adds an engine, in place of those that are closed.
    pub(super) fn register(&self, engine: Canceller) {
        let mut engines = self.engines();
        engines.retain(Canceller::is_open);
        engines.push(engine);
    }

    fn engines(&self) -> MutexGuard<'_, Vec<Canceller>> {
        self.0.engines.lock().unwrap_or_else(|poisoned| poisoned.into_inner())
    }
}

impl fmt::Debug for Cancellation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Cancellation").field(&self.is_cancelled()).finish()
    }
}
