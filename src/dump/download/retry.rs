//! The retry policy of the download: growing waits, the wait that the server asks for, and an end after `max_wait`.

use std::time::{Duration, Instant};

use jiff::Timestamp;

use digdag_task::{Failure, Observer};

/// Attempts without progress before a request is given up. With the waits between them, four files that all fail stay
/// below the 15 requests in 6 minutes that the site allows.
const MAX_ATTEMPTS: u32 = 5;

const MAX_WAIT: Duration = Duration::from_secs(300);

/// Why an attempt failed.
#[derive(Debug)]
pub(super) enum AttemptError {
    /// Another attempt may succeed.
    Transient {
        what: String,
        /// How long the server asks to wait.
        wait: Option<Duration>,
        /// The attempt fetched a good part of the file, and the next one resumes behind it.
        gained: bool,
    },
    /// Another attempt would fail in the same way.
    Permanent(anyhow::Error),
}

impl AttemptError {
    pub fn transient(what: impl Into<String>) -> Self {
        AttemptError::Transient { what: what.into(), wait: None, gained: false }
    }
}

impl From<Failure> for AttemptError {
    fn from(failure: Failure) -> Self {
        AttemptError::Permanent(failure.into())
    }
}

impl From<anyhow::Error> for AttemptError {
    fn from(error: anyhow::Error) -> Self {
        AttemptError::Permanent(error)
    }
}

/// How often, with which waits and for how long a request is attempted.
#[derive(Debug)]
pub(super) struct RetryPolicy {
    ends: Instant,
    max_wait: Duration,
    first_wait: Duration,
}

impl RetryPolicy {
    pub fn new(max_wait: Duration, first_wait: Duration) -> Self {
        // A span that the clock cannot hold is no limit; a year is longer than any download.
        let now = Instant::now();
        let ends = now.checked_add(max_wait).unwrap_or(now + Duration::from_secs(365 * 24 * 3600));
        RetryPolicy { ends, max_wait, first_wait }
    }

    /// Returns what is left of `max_wait`.
    ///
    /// # Errors
    /// Fails if nothing is left.
    pub fn left(&self) -> Result<Duration, Failure> {
        let left = self.ends.saturating_duration_since(Instant::now());
        if left.is_zero() { Err(self.used_up("it is not done")) } else { Ok(left) }
    }

    fn used_up(&self, what: &str) -> Failure {
        Failure::external(format!("{what}, and max_wait ({}) is used up", in_words(self.max_wait)))
            .hint("run the same command again to go on, or raise max_wait")
    }

    /// Attempts a request until it succeeds, with growing waits between the attempts.
    ///
    /// # Errors
    /// Returns a permanent error at once, and a transient one after `MAX_ATTEMPTS` or when `max_wait` has passed.
    pub fn persist<T>(
        &self,
        observer: &dyn Observer,
        mut attempt: impl FnMut() -> Result<T, AttemptError>,
    ) -> anyhow::Result<T> {
        let mut failed = 0;
        loop {
            let (what, wanted, gained) = match attempt() {
                Ok(value) => return Ok(value),
                Err(AttemptError::Permanent(error)) => return Err(error),
                Err(AttemptError::Transient { what, wait, gained }) => (what, wait, gained),
            };
            failed = if gained { 1 } else { failed + 1 };
            if failed >= MAX_ATTEMPTS {
                return Err(Failure::external(format!("{what}; gave up after {MAX_ATTEMPTS} attempts"))
                    .hint("run the same command again later")
                    .into());
            }
            let wait = wanted.unwrap_or_else(|| self.wait_after(failed));
            let left = self.left().map_err(|_| self.used_up(&what))?;
            if wait >= left {
                let then = Timestamp::now().saturating_add(jiff::SignedDuration::try_from(wait).unwrap_or_default());
                let then = then.unwrap_or(Timestamp::MAX).strftime("%Y-%m-%d %H:%M UTC");
                return Err(Failure::external(format!("{what}; the next attempt would be past max_wait"))
                    .hint(format!("run the same command again after {then}, or raise max_wait"))
                    .into());
            }
            observer.note(format_args!("{what}; trying again in {}", in_words(wait)));
            std::thread::sleep(wait);
        }
    }

    fn wait_after(&self, failed: u32) -> Duration {
        self.first_wait.saturating_mul(3_u32.saturating_pow(failed.saturating_sub(1))).min(MAX_WAIT)
    }
}

pub(super) fn in_words(span: Duration) -> String {
    match (span.as_secs(), span.as_millis()) {
        (0, millis) => format!("{millis} ms"),
        (seconds @ 1..120, _) => format!("{seconds} s"),
        (seconds @ 120..7200, _) => format!("{} min", seconds.div_ceil(60)),
        (seconds, _) => format!("{:.1} h", seconds as f64 / 3600.0),
    }
}
