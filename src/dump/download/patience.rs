use std::time::{Duration, Instant};

use jiff::Timestamp;

use digdag_task::{Failure, Observer};

/// Tries that bring nothing before a request is given up. With the waits between them, four files that all fail stay
/// below the 15 requests in 6 minutes that the site allows.
const TRIES: u32 = 5;

const LONGEST_WAIT: Duration = Duration::from_secs(300);

/// What made a try fail.
#[derive(Debug)]
pub(super) enum Trouble {
    /// It may go away.
    Passing {
        what: String,
        /// How long the server wants to be left alone.
        wait: Option<Duration>,
        /// The try brought a good part of the file, and the next goes on behind it.
        gained: bool,
    },
    /// Another try would end the same way.
    Lasting(anyhow::Error),
}

impl Trouble {
    pub fn passing(what: impl Into<String>) -> Self {
        Trouble::Passing { what: what.into(), wait: None, gained: false }
    }
}

impl From<Failure> for Trouble {
    fn from(failure: Failure) -> Self {
        Trouble::Lasting(failure.into())
    }
}

impl From<anyhow::Error> for Trouble {
    fn from(error: anyhow::Error) -> Self {
        Trouble::Lasting(error)
    }
}

/// How often, how fast and how long something is tried.
#[derive(Debug)]
pub(super) struct Patience {
    ends: Instant,
    max_wait: Duration,
    first_wait: Duration,
}

impl Patience {
    pub fn new(max_wait: Duration, first_wait: Duration) -> Self {
        // A time span that no clock can hold is as good as none: a year is longer than anybody waits.
        let now = Instant::now();
        let ends = now.checked_add(max_wait).unwrap_or(now + Duration::from_secs(365 * 24 * 3600));
        Patience { ends, max_wait, first_wait }
    }

    /// What is left of `max_wait`; a failure when that is nothing.
    pub fn left(&self) -> Result<Duration, Failure> {
        let left = self.ends.saturating_duration_since(Instant::now());
        if left.is_zero() { Err(self.used_up("it is not done")) } else { Ok(left) }
    }

    fn used_up(&self, what: &str) -> Failure {
        Failure::external(format!("{what}, and max_wait ({}) is used up", in_words(self.max_wait)))
            .hint("run the same command again to go on, or raise max_wait")
    }

    /// Tries until it works, with growing waits between the tries.
    pub fn persist<T>(
        &self,
        observer: &dyn Observer,
        mut attempt: impl FnMut() -> Result<T, Trouble>,
    ) -> anyhow::Result<T> {
        let mut in_vain = 0;
        loop {
            let (what, wanted, gained) = match attempt() {
                Ok(value) => return Ok(value),
                Err(Trouble::Lasting(error)) => return Err(error),
                Err(Trouble::Passing { what, wait, gained }) => (what, wait, gained),
            };
            in_vain = if gained { 1 } else { in_vain + 1 };
            if in_vain >= TRIES {
                return Err(Failure::external(format!("{what}; {TRIES} tries brought nothing"))
                    .hint("run the same command again later")
                    .into());
            }
            let wait = wanted.unwrap_or_else(|| self.wait_after(in_vain));
            let left = self.left().map_err(|_| self.used_up(&what))?;
            if wait >= left {
                let then = Timestamp::now().saturating_add(jiff::SignedDuration::try_from(wait).unwrap_or_default());
                let then = then.unwrap_or(Timestamp::MAX).strftime("%Y-%m-%d %H:%M UTC");
                return Err(Failure::external(format!("{what}; the next try would be past max_wait"))
                    .hint(format!("run the same command again after {then}, or raise max_wait"))
                    .into());
            }
            observer.note(format_args!("{what}; trying again in {}", in_words(wait)));
            std::thread::sleep(wait);
        }
    }

    fn wait_after(&self, in_vain: u32) -> Duration {
        self.first_wait.saturating_mul(3_u32.saturating_pow(in_vain.saturating_sub(1))).min(LONGEST_WAIT)
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
