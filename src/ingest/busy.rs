use std::time::{Duration, Instant};

/// How long the stages of an ingest were at work, summed over the workers.
#[derive(Clone, Copy, Debug, Default)]
pub struct Busy {
    pub inflate: Duration,
    pub parse: Duration,
    pub encode: Duration,
}

impl Busy {
    pub fn add(&mut self, other: Busy) {
        self.inflate += other.inflate;
        self.parse += other.parse;
        self.encode += other.encode;
    }

    /// Each stage's share of what the workers could have worked: where it nears 1 over the number of workers for
    /// inflate, which only one does at a time, the gzip stream is what limits this machine.
    pub fn shares(&self, started: Instant, workers: usize) -> serde_json::Value {
        let whole = started.elapsed().as_secs_f64() * workers as f64;
        let share = |stage: Duration| (stage.as_secs_f64() / whole.max(1e-9) * 1000.0).round() / 1000.0;
        serde_json::json!({
            "inflate": share(self.inflate), "parse": share(self.parse), "encode": share(self.encode),
        })
    }
}
