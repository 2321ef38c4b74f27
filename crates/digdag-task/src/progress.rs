use std::io::IsTerminal;
use std::sync::Mutex;
use std::time::{Duration, Instant};

use indicatif::{ProgressBar, ProgressStyle};

use super::say_line;

/// How often a line is written where there is no terminal to draw a bar on.
const LINE_EVERY: Duration = Duration::from_secs(5);

/// How far a task is, on stderr: a bar with rate and time left on a terminal, a line every few seconds elsewhere.
pub struct Progress {
    task: String,
    counts: Counts,
    total: Option<u64>,
    /// What was behind us when the clock started: it says nothing about the rate.
    begun_at: u64,
    started: Instant,
    bar: Option<ProgressBar>,
    last_line: Mutex<Instant>,
}

/// What is counted.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Counts {
    Bytes,
    /// Some take a moment, some minutes: how many are done says nothing about the time left.
    Steps,
}

impl Progress {
    /// `total` is in the unit that `advance_to` counts, bytes of the packed input.
    pub fn bytes(task: &str, total: u64) -> Self {
        let template = "{prefix} {bar:30} {bytes}/{total_bytes} {eta} left {msg}";
        Progress::new(task, Counts::Bytes, Some(total), template)
    }

    /// For bytes of which nobody knows how many there will be: how many there were, and no time left.
    pub fn bytes_without_end(task: &str) -> Self {
        Progress::new(task, Counts::Bytes, None, "{prefix} {spinner} {bytes} {msg}")
    }

    /// For a number of things that are done one after the other.
    pub fn steps(task: &str, total: usize) -> Self {
        Progress::new(task, Counts::Steps, Some(total as u64), "{prefix} {bar:30} {pos}/{len} {msg}")
    }

    fn new(task: &str, counts: Counts, total: Option<u64>, template: &str) -> Self {
        let bar = std::io::stderr().is_terminal().then(|| {
            let bar = total.map_or_else(ProgressBar::no_length, ProgressBar::new);
            bar.set_style(ProgressStyle::with_template(template).unwrap_or_else(|_| ProgressStyle::default_bar()));
            bar.set_prefix(task.to_owned());
            bar
        });
        // Where TERM is dumb nothing would be drawn.
        let bar = bar.filter(|bar| !bar.is_hidden());
        let now = Instant::now();
        Progress { task: task.to_owned(), counts, total, begun_at: 0, started: now, bar, last_line: Mutex::new(now) }
    }

    /// Starts behind bytes that an earlier try had done.
    pub fn beginning_at(mut self, position: u64) -> Self {
        self.begun_at = position;
        if let Some(bar) = &self.bar {
            bar.set_position(position);
            bar.reset_eta();
        }
        self
    }

    /// `position` of the total is behind us; `message` says what that came to (records, rates).
    pub fn advance_to(&self, position: u64, message: impl FnOnce() -> String) {
        if let Some(bar) = &self.bar {
            bar.set_position(position);
            bar.set_message(message());
            return;
        }
        let Ok(mut last) = self.last_line.try_lock() else { return };
        if last.elapsed() < LINE_EVERY {
            return;
        }
        *last = Instant::now();
        let line = match self.total {
            Some(total) if self.counts == Counts::Steps => format!("{position} of {total}, {}", message()),
            Some(total) => self.line_with_end(position, total, &message()),
            None => format!("{} MB, {}", position / 1_000_000, message()),
        };
        say_line(format_args!("{}: {line}", self.task));
    }

    fn line_with_end(&self, position: u64, total: u64, message: &str) -> String {
        let share = |position: u64, total: u64| {
            let share = if total == 0 { 1.0 } else { position as f64 / total as f64 };
            share.min(1.0)
        };
        let ours = share(position.saturating_sub(self.begun_at), total.saturating_sub(self.begun_at));
        let left = self.started.elapsed().as_secs_f64() * (1.0 - ours) / ours.max(1e-6);
        format!("{:.0} %, {message}, about {left:.0} s left", share(position, total) * 100.0)
    }

    pub fn finish(&self) {
        if let Some(bar) = &self.bar {
            bar.finish_and_clear();
        }
    }
}

impl Drop for Progress {
    fn drop(&mut self) {
        self.finish();
    }
}
