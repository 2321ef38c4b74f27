//! Progress on stderr: a bar with the remaining time on a terminal, otherwise a line every 5 seconds.

use std::io::IsTerminal;
use std::sync::Mutex;
use std::time::{Duration, Instant};

use indicatif::{ProgressBar, ProgressStyle};

use super::observer::{Amount, Meter, Unit};
use super::{printable, say_line};

/// The time between two lines if stderr is not a terminal.
const LINE_EVERY: Duration = Duration::from_secs(5);

/// Shows the progress of a piece of work.
pub(crate) struct Progress {
    task: String,
    amount: Amount,
    started: Instant,
    bar: Option<ProgressBar>,
    last_line: Mutex<Instant>,
}

impl Progress {
    /// Starts to show the progress of `amount`, under the name of the task.
    pub fn new(task: &str, amount: Amount) -> Self {
        let template = match (amount.unit, amount.total) {
            (Unit::Steps, Some(_)) => "{prefix} {bar:30} {pos}/{len} {msg}",
            (Unit::Steps, None) => "{prefix} {spinner} {msg}",
            (Unit::Bytes, Some(_)) => "{prefix} {bar:30} {bytes}/{total_bytes} {eta} left {msg}",
            (Unit::Bytes, None) => "{prefix} {spinner} {bytes} {msg}",
        };
        let bar = std::io::stderr().is_terminal().then(|| {
            let bar = amount.total.map_or_else(ProgressBar::no_length, ProgressBar::new);
            bar.set_style(ProgressStyle::with_template(template).unwrap_or_else(|_| ProgressStyle::default_bar()));
            bar.set_prefix(task.to_owned());
            bar.set_position(amount.resumed_at);
            bar.reset_eta();
            bar
        });
        // With TERM=dumb indicatif draws nothing, so lines are written instead.
        let bar = bar.filter(|bar| !bar.is_hidden());
        let now = Instant::now();
        Progress { task: task.to_owned(), amount, started: now, bar, last_line: Mutex::new(now) }
    }

    fn line(&self, position: u64, message: &str) -> String {
        match (self.amount.unit, self.amount.total) {
            (Unit::Steps, Some(total)) => format!("{position} of {total}, {message}"),
            (Unit::Steps, None) => message.to_owned(),
            (Unit::Bytes, Some(total)) => self.line_with_end(position, total, message),
            (Unit::Bytes, None) => format!("{} MB, {message}", position / 1_000_000),
        }
    }

    /// Returns a line with the remaining time, estimated from the rate of this process without the work of earlier
    /// attempts.
    fn line_with_end(&self, position: u64, total: u64, message: &str) -> String {
        let share = |position: u64, total: u64| {
            let share = if total == 0 { 1.0 } else { position as f64 / total as f64 };
            share.min(1.0)
        };
        let resumed_at = self.amount.resumed_at;
        let ours = share(position.saturating_sub(resumed_at), total.saturating_sub(resumed_at));
        let left = self.started.elapsed().as_secs_f64() * (1.0 - ours) / ours.max(1e-6);
        format!("{:.0} %, {message}, about {left:.0} s left", share(position, total) * 100.0)
    }
}

impl Meter for Progress {
    fn advance_to(&self, position: u64, message: &dyn Fn() -> String) {
        if let Some(bar) = &self.bar {
            bar.set_position(position);
            bar.set_message(printable(&message()).into_owned());
            return;
        }
        let Ok(mut last) = self.last_line.try_lock() else { return };
        if last.elapsed() < LINE_EVERY {
            return;
        }
        *last = Instant::now();
        say_line(format_args!("{}: {}", self.task, self.line(position, &message())));
    }
}

impl Drop for Progress {
    fn drop(&mut self) {
        if let Some(bar) = &self.bar {
            bar.finish_and_clear();
        }
    }
}
