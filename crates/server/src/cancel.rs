//! Cancels a query: because its client went away, its time is over, or the server is stopped.

use std::io;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use discogs_lakehouse::sql::{Cancellation, Cancelled, EngineParameters};
use tokio_util::sync::{CancellationToken, DropGuard};

use crate::app::Shared;
use crate::problem::Problem;

/// The pause between two interrupts of DuckDB, which may miss one.
const PAUSE: Duration = Duration::from_millis(20);

/// The reason for which a query was cancelled.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Reason {
    /// The client went away.
    Gone,
    /// The time is over.
    TimeLimit(Duration),
    /// The server is stopped.
    Stopped,
}

impl Reason {
    /// Returns the problem that the client receives, if it is there.
    pub fn problem(self) -> Problem {
        match self {
            Reason::Gone => Problem::busy("the client went away"),
            Reason::TimeLimit(limit) => Problem::time_limit(limit.as_secs()),
            Reason::Stopped => Problem::busy("the server is being stopped"),
        }
    }
}

/// A query that may be cancelled. Its thread and its watcher share it.
#[derive(Clone)]
pub struct Cancel {
    /// Raised when the query is to end.
    raised: CancellationToken,
    reason: Arc<Mutex<Option<Reason>>>,
    engines: Cancellation,
}

/// The part of a query that its client holds. Dropped, it cancels the query.
pub struct Client {
    _gone: DropGuard,
}

/// The part of a query that its thread holds. Dropped, it ends the watcher.
pub struct Running {
    _done: DropGuard,
}

impl Cancel {
    /// Starts a watcher, which cancels the query when its client is dropped, after `limit`, or with the server.
    pub fn watch(app: &Shared, limit: Duration) -> (Self, Client, Running) {
        let (gone, done) = (CancellationToken::new(), CancellationToken::new());
        let (reason, engines) = (Arc::default(), Cancellation::default());
        let cancel = Cancel { raised: CancellationToken::new(), reason, engines };
        let client = Client { _gone: gone.clone().drop_guard() };
        let running = Running { _done: done.clone().drop_guard() };
        let (watched, forced) = (cancel.clone(), app.forced.clone());
        tokio::spawn(async move {
            let reason = tokio::select! {
                () = done.cancelled() => return,
                () = gone.cancelled() => Reason::Gone,
                () = forced.cancelled() => Reason::Stopped,
                () = tokio::time::sleep(limit) => Reason::TimeLimit(limit),
            };
            *watched.reason.lock().unwrap_or_else(PoisonError::into_inner) = Some(reason);
            watched.raised.cancel();
            loop {
                watched.engines.cancel();
                tokio::select! {
                    () = done.cancelled() => return,
                    () = tokio::time::sleep(PAUSE) => {}
                }
            }
        });
        (cancel, client, running)
    }

    /// Returns limits of engines that the watcher cancels with the query.
    pub fn limits(&self, limits: &EngineParameters) -> EngineParameters {
        EngineParameters { cancellation: self.engines.clone(), ..limits.clone() }
    }

    /// Returns why the query was cancelled, if it was.
    pub fn reason(&self) -> Option<Reason> {
        *self.reason.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Fails once the query is cancelled.
    ///
    /// # Errors
    /// Returns [`Cancelled`].
    pub fn check(&self) -> Result<(), Cancelled> {
        match self.raised.is_cancelled() {
            true => Err(Cancelled),
            false => Ok(()),
        }
    }

    /// Waits until the query is cancelled.
    pub async fn cancelled(&self) {
        self.raised.cancelled().await;
    }
}

/// Returns the error of a write whose query is cancelled.
pub fn broken() -> io::Error {
    io::Error::new(io::ErrorKind::BrokenPipe, "the query is cancelled")
}
