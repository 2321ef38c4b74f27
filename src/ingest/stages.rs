//! How long the stages of an ingest were at work.

use std::time::{Duration, Instant};

use rustix::time::{ClockId, clock_gettime};

/// How long something was at work: by the clock, waits for the disk included, and on a core.
#[derive(Clone, Copy, Debug, Default)]
pub struct Work {
    pub wall: Duration,
    pub cpu: Duration,
}

impl Work {
    pub fn add(&mut self, other: Work) {
        self.wall += other.wall;
        self.cpu += other.cpu;
    }
}

/// Measures a piece of work of this thread.
pub struct Stopwatch {
    wall: Instant,
    cpu: Duration,
}

impl Stopwatch {
    pub fn start() -> Self {
        Stopwatch { wall: Instant::now(), cpu: cpu_of_this_thread() }
    }

    pub fn stop(&self) -> Work {
        Work { wall: self.wall.elapsed(), cpu: cpu_of_this_thread().saturating_sub(self.cpu) }
    }
}

fn cpu_of_this_thread() -> Duration {
    let time = clock_gettime(ClockId::ThreadCPUTime);
    Duration::try_from(time).unwrap_or_default()
}

/// How long the stages of an ingest were at work, summed over the workers.
#[derive(Clone, Copy, Debug, Default)]
pub struct StageTimes {
    pub inflate: Work,
    pub parse: Work,
    pub encode: Work,
    /// The table that took longest to encode. Like inflate it is done by one worker at a time.
    pub encode_of_one_table: Work,
    /// The ends of the tables, side by side: their last rows, footers, and the disk's word that it has them.
    pub finish: Work,
}

impl StageTimes {
    fn stages(&self) -> [(&'static str, Work); 5] {
        [
            ("inflate", self.inflate),
            ("parse", self.parse),
            ("encode", self.encode),
            ("encode_of_one_table", self.encode_of_one_table),
            ("finish", self.finish),
        ]
    }

    /// Each stage's share of what the workers could have worked: where it nears 1 over the number of workers for
    /// inflate, which only one does at a time, the gzip stream is what limits this machine.
    pub fn shares(&self, started: Instant, workers: usize) -> serde_json::Value {
        let whole = started.elapsed().as_secs_f64() * workers as f64;
        self.stages()
            .map(|(stage, work)| (stage, thousandths(work.wall.as_secs_f64() / whole.max(1e-9))))
            .into_iter()
            .collect()
    }

    /// Seconds on a core, by stage. They do not depend on what else the machine does.
    pub fn cpu_seconds(&self) -> serde_json::Value {
        self.stages().map(|(stage, work)| (stage, thousandths(work.cpu.as_secs_f64()))).into_iter().collect()
    }
}

fn thousandths(number: f64) -> f64 {
    (number * 1000.0).round() / 1000.0
}
