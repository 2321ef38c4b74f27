use std::io::IsTerminal;
use std::time::{Duration, Instant};

use indicatif::ProgressBar;

use super::answer::Stats;
use digdag_task::say_line;

const LINE_EVERY: Duration = Duration::from_secs(5);

/// How far a long query is, on stderr: a line that changes on a terminal, a new one every few seconds elsewhere.
pub(super) struct Watch {
    origin: String,
    started: Instant,
    last_line: Instant,
    bar: Option<ProgressBar>,
}

impl Watch {
    pub fn new(origin: &str) -> Self {
        let now = Instant::now();
        Watch { origin: origin.to_owned(), started: now, last_line: now, bar: None }
    }

    pub fn look(&mut self, stats: &Stats) {
        if self.last_line.elapsed() < LINE_EVERY && self.bar.is_none() {
            return;
        }
        let line = format!(
            "trino: {}: {}, {} of {} splits, {} rows, {:.0} s",
            self.origin,
            stats.state.to_ascii_lowercase(),
            stats.completed_splits,
            stats.total_splits,
            stats.processed_rows,
            self.started.elapsed().as_secs_f64()
        );
        if std::io::stderr().is_terminal() {
            self.bar.get_or_insert_with(ProgressBar::new_spinner).set_message(line);
            return;
        }
        self.last_line = Instant::now();
        say_line(line);
    }
}

impl Drop for Watch {
    fn drop(&mut self) {
        if let Some(bar) = &self.bar {
            bar.finish_and_clear();
        }
    }
}
