use std::io::{IsTerminal, Write};
use std::sync::Mutex;
use std::time::{Duration, Instant};

use indicatif::{ProgressBar, ProgressStyle};

/// How often a line is written where there is no terminal to draw a bar on.
const LINE_EVERY: Duration = Duration::from_secs(5);

/// How far a task is, on stderr: a bar with rate and time left on a terminal, a line every few seconds elsewhere.
pub struct Progress {
    task: String,
    total: u64,
    started: Instant,
    bar: Option<ProgressBar>,
    last_line: Mutex<Instant>,
}

impl Progress {
    /// `total` is in the unit that `advance_to` counts, bytes of the packed input.
    pub fn bytes(task: &str, total: u64) -> Self {
        let bar = std::io::stderr().is_terminal().then(|| {
            let bar = ProgressBar::new(total);
            let template = "{prefix} {bar:30} {bytes}/{total_bytes} {eta} left {msg}";
            bar.set_style(ProgressStyle::with_template(template).unwrap_or_else(|_| ProgressStyle::default_bar()));
            bar.set_prefix(task.to_owned());
            bar
        });
        let now = Instant::now();
        Progress { task: task.to_owned(), total, started: now, bar, last_line: Mutex::new(now) }
    }

    /// `position` of `total` is behind us; `message` says what that came to (records, rates).
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
        let share = if self.total == 0 { 1.0 } else { position as f64 / self.total as f64 };
        let left = self.started.elapsed().as_secs_f64() * (1.0 - share) / share.max(1e-6);
        let _ = writeln!(
            std::io::stderr(),
            "{}: {:.0} %, {}, about {:.0} s left",
            self.task,
            share * 100.0,
            message(),
            left
        );
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
