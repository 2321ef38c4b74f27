//! Progress of a long query.

use std::time::Instant;

use super::answer::Stats;
use digdag_task::{Amount, Meter, Observer, Unit};

/// Reports how far a statement is.
pub(super) struct Watch<'w> {
    origin: &'w str,
    started: Instant,
    meter: Box<dyn Meter>,
}

impl<'w> Watch<'w> {
    /// Starts the meter of the statement in the file `origin`.
    pub fn new(origin: &'w str, observer: &dyn Observer) -> Self {
        let meter = observer.begin(Amount { unit: Unit::Steps, total: None, resumed_at: 0 });
        Watch { origin, started: Instant::now(), meter }
    }

    /// Reports the progress that a page of the result carries.
    pub fn update(&self, stats: &Stats) {
        self.meter.advance_to(stats.completed_splits, &|| {
            format!(
                "{} on Trino: {}, {} of {} splits, {} rows, {:.0} s",
                self.origin,
                stats.state.to_ascii_lowercase(),
                stats.completed_splits,
                stats.total_splits,
                stats.processed_rows,
                self.started.elapsed().as_secs_f64()
            )
        });
    }
}
