//! The retry policy of every request: exponential backoff up to a number of attempts and a deadline.
//!
//! No backoff crate is used, because none has two rules of a resumed download: an attempt that received part of the
//! file restarts the count, and a wait that would end after the deadline fails at once.

use std::time::{Duration, Instant};

use jiff::Timestamp;

use digdag_task::{Failure, Observer};

/// The factor from each wait to the next.
const BACKOFF_FACTOR: u32 = 3;

/// An error of one attempt.
#[derive(Debug)]
pub enum RequestError {
    /// The next attempt may succeed.
    Transient(Transient),
    /// Every attempt would end the same way.
    Permanent(anyhow::Error),
}

/// An error that may not occur again.
#[derive(Debug)]
pub struct Transient {
    /// The failure to report.
    pub failure: Failure,
    /// How long the server asks clients to wait.
    pub retry_after: Option<Duration>,
    /// Whether the attempt received a large part of the file; the next attempt resumes after it.
    pub progressed: bool,
}

impl RequestError {
    /// Returns a transient error without a wait of its own: the policy's backoff applies.
    pub fn transient(failure: Failure) -> Self {
        RequestError::Transient(Transient { failure, retry_after: None, progressed: false })
    }

    /// Converts the error into a permanent one, which is not retried.
    pub fn into_permanent(self) -> Self {
        match self {
            RequestError::Transient(error) => RequestError::Permanent(error.failure.into()),
            permanent => permanent,
        }
    }
}

impl From<Failure> for RequestError {
    fn from(failure: Failure) -> Self {
        RequestError::Permanent(failure.into())
    }
}

impl From<anyhow::Error> for RequestError {
    fn from(error: anyhow::Error) -> Self {
        RequestError::Permanent(error)
    }
}

/// The time at which a task gives up on a service: the start plus `max_wait`.
#[derive(Debug)]
pub struct Deadline {
    ends: Instant,
    max_wait: Duration,
}

impl Deadline {
    /// Returns the deadline that is `max_wait` from now.
    pub fn after(max_wait: Duration) -> Self {
        // A span beyond the clock's range counts as a year, which is longer than any task runs.
        let now = Instant::now();
        let ends = now.checked_add(max_wait).unwrap_or(now + Duration::from_secs(365 * 24 * 3600));
        Deadline { ends, max_wait }
    }

    /// Returns the time left.
    ///
    /// # Errors
    /// Fails if the deadline has passed.
    pub fn left(&self) -> Result<Duration, Failure> {
        self.left_for("it is not done")
    }

    fn left_for(&self, what: &str) -> Result<Duration, Failure> {
        let left = self.ends.saturating_duration_since(Instant::now());
        if left.is_zero() {
            let max_wait = in_words(self.max_wait);
            return Err(Failure::external(format!("{what}, and max_wait ({max_wait}) is used up"))
                .hint("run the same command again to resume, or raise max_wait"));
        }
        Ok(left)
    }
}

/// The number of attempts and the waits between them.
#[derive(Debug)]
pub struct RetryPolicy {
    /// Attempts in a row that may fail without progress.
    pub max_attempts: u32,
    /// The wait after the first attempt; each further wait is twice as long.
    pub first_wait: Duration,
    /// The longest wait.
    pub max_backoff: Duration,
    /// The time after which no attempt begins.
    pub deadline: Option<Deadline>,
}

impl RetryPolicy {
    /// Returns the time left until the deadline, if there is one.
    ///
    /// # Errors
    /// Fails if the deadline has passed.
    pub fn left(&self) -> Result<Option<Duration>, Failure> {
        self.deadline.as_ref().map(Deadline::left).transpose()
    }

    /// Runs `attempt` until it succeeds, fails permanently, or reaches `max_attempts` or the deadline. Reports each
    /// retry to `observer`.
    ///
    /// # Errors
    /// Returns the permanent error, or the last transient one with the reason for giving up.
    pub fn run<T>(
        &self,
        observer: &dyn Observer,
        mut attempt: impl FnMut() -> Result<T, RequestError>,
    ) -> anyhow::Result<T> {
        let mut failed = 0;
        loop {
            let error = match attempt() {
                Ok(value) => return Ok(value),
                Err(RequestError::Permanent(error)) => return Err(error),
                Err(RequestError::Transient(error)) => error,
            };
            failed = if error.progressed { 1 } else { failed + 1 };
            if failed >= self.max_attempts {
                return Err(gave_up(error.failure, failed).into());
            }
            let wait = error.retry_after.unwrap_or_else(|| self.backoff(failed));
            if let Some(deadline) = &self.deadline
                && wait >= deadline.left_for(&error.failure.message)?
            {
                return Err(past_deadline(&error.failure, wait).into());
            }
            observer.note(format_args!("{}; trying again in {}", error.failure, in_words(wait)));
            std::thread::sleep(wait);
        }
    }

    fn backoff(&self, failed: u32) -> Duration {
        let factor = BACKOFF_FACTOR.saturating_pow(failed.saturating_sub(1));
        self.first_wait.saturating_mul(factor).min(self.max_backoff)
    }
}

fn gave_up(failure: Failure, attempts: u32) -> Failure {
    let hint = failure.hint.unwrap_or_else(|| "run the same command again later".to_owned());
    Failure::new(failure.class, format!("{}; gave up after {attempts} attempts", failure.message)).hint(hint)
}

fn past_deadline(failure: &Failure, wait: Duration) -> Failure {
    let next = Timestamp::now().saturating_add(jiff::SignedDuration::try_from(wait).unwrap_or_default());
    let next = next.unwrap_or(Timestamp::MAX).strftime("%Y-%m-%d %H:%M UTC");
    Failure::external(format!("{failure}; the next attempt would be past max_wait"))
        .hint(format!("run the same command again after {next}, or raise max_wait"))
}

/// Formats a time span for people: `250 ms`, `90 s`, `6 min`, `2.5 h`.
pub fn in_words(span: Duration) -> String {
    match (span.as_secs(), span.as_millis()) {
        (0, millis) => format!("{millis} ms"),
        (seconds @ 1..120, _) => format!("{seconds} s"),
        (seconds @ 120..7200, _) => format!("{} min", seconds.div_ceil(60)),
        (seconds, _) => format!("{:.1} h", seconds as f64 / 3600.0),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use digdag_task::Quiet;

    fn policy(deadline: Option<Deadline>) -> RetryPolicy {
        let (first_wait, max_backoff) = (Duration::from_micros(1), Duration::from_micros(5));
        RetryPolicy { max_attempts: 3, first_wait, max_backoff, deadline }
    }

    fn transient(progressed: bool, retry_after: Option<Duration>) -> RequestError {
        RequestError::Transient(Transient { failure: Failure::external("cut"), retry_after, progressed })
    }

    #[test]
    fn attempts_without_progress_are_counted() {
        let mut attempts = 0;
        let result: anyhow::Result<()> = policy(None).run(&Quiet, || {
            attempts += 1;
            Err(transient(attempts == 2, None))
        });
        assert_eq!(result.expect_err("no success").to_string(), "cut; gave up after 3 attempts");
        assert_eq!(attempts, 4, "the second one progressed");
    }

    #[test]
    fn a_permanent_error_ends_at_once() {
        let mut attempts = 0;
        let result: anyhow::Result<()> = policy(None).run(&Quiet, || {
            attempts += 1;
            Err(Failure::external("no such file").into())
        });
        assert_eq!((result.expect_err("no success").to_string().as_str(), attempts), ("no such file", 1));
    }

    #[test]
    fn a_wait_past_the_deadline_is_not_begun() {
        let deadline = Deadline::after(Duration::from_secs(60));
        let result: anyhow::Result<()> =
            policy(Some(deadline)).run(&Quiet, || Err(transient(false, Some(Duration::from_secs(3600)))));
        assert_eq!(result.expect_err("no success").to_string(), "cut; the next attempt would be past max_wait");
    }

    #[test]
    fn waits_grow_up_to_the_longest() {
        let waits: Vec<u128> = (1..=4).map(|failed| policy(None).backoff(failed).as_micros()).collect();
        assert_eq!(waits, [1, 3, 5, 5]);
    }
}
