//! A bound on how many requests of a kind run at once, and how many wait.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use tokio::sync::{OwnedSemaphorePermit, Semaphore};

use crate::problem::Problem;

/// A gate that lets a number of requests in, in the order in which they came.
pub struct Gate {
    what: &'static str,
    permits: Arc<Semaphore>,
    waiting: AtomicUsize,
    max_waiting: usize,
    timeout: Duration,
}

/// A request that waits, counted until this is dropped: also if its client goes away.
struct Waiting<'g>(&'g AtomicUsize);

impl Drop for Waiting<'_> {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::Relaxed);
    }
}

impl Gate {
    /// Returns a gate for `at_once` requests, of which `max_waiting` further ones wait for `timeout`.
    pub fn new(what: &'static str, at_once: usize, max_waiting: usize, timeout: Duration) -> Self {
        let permits = Arc::new(Semaphore::new(at_once));
        Gate { what, permits, waiting: AtomicUsize::new(0), max_waiting, timeout }
    }

    /// Waits until the request may run, which it may until the permit is dropped.
    ///
    /// # Errors
    /// Fails if too many requests wait, or if the request waited for too long.
    pub async fn enter(&self) -> Result<OwnedSemaphorePermit, Problem> {
        if let Ok(permit) = self.permits.clone().try_acquire_owned() {
            return Ok(permit);
        }
        let full = || Problem::busy(format!("{} {} wait already", self.max_waiting, self.what));
        if self.waiting.fetch_add(1, Ordering::Relaxed) >= self.max_waiting {
            self.waiting.fetch_sub(1, Ordering::Relaxed);
            return Err(full());
        }
        let _waiting = Waiting(&self.waiting);
        match tokio::time::timeout(self.timeout, self.permits.clone().acquire_owned()).await {
            Ok(Ok(permit)) => Ok(permit),
            Ok(Err(_)) => Err(Problem::busy("the server is being stopped")),
            Err(_) => Err(Problem::busy(format!("waited for {} s for other {}", self.timeout.as_secs(), self.what))),
        }
    }

    /// Returns the number of requests that wait.
    pub fn waiting(&self) -> usize {
        self.waiting.load(Ordering::Relaxed)
    }

    /// Returns the number of requests that may still enter at once.
    pub fn free(&self) -> usize {
        self.permits.available_permits()
    }

    /// Refuses all that wait and all that come.
    pub fn close(&self) {
        self.permits.close();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn further_requests_wait_and_then_are_refused() {
        let gate = Gate::new("queries", 1, 1, Duration::from_millis(20));
        let permit = gate.enter().await.expect("the first runs");
        let second = gate.enter().await.expect_err("it waits for too long");
        assert!(second.detail.contains("waited"), "{second:?}");
        let (second, third) = tokio::join!(gate.enter(), gate.enter());
        assert!(second.is_err_and(|problem| problem.detail.contains("waited")));
        assert!(third.is_err_and(|problem| problem.retry_after.is_some() && problem.detail.contains("wait already")));
        drop(permit);
        let permit = gate.enter().await.expect("one runs again");
        assert_eq!((gate.waiting(), gate.free()), (0, 0));
        gate.close();
        drop(permit);
        assert!(gate.enter().await.is_err());
    }
}
