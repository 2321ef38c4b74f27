//! Measures the time that the stages of an ingest take.

use std::time::{Duration, Instant};

use rustix::time::{ClockId, clock_gettime};

/// The time of a piece of work: wall-clock time, which includes waits for the disk, and processor time.
#[derive(Clone, Copy, Debug, Default)]
pub struct Work {
    /// Wall-clock time.
    pub wall: Duration,
    /// Processor time.
    pub cpu: Duration,
}

impl Work {
    /// Adds the time of another piece of work.
    pub fn add(&mut self, other: Work) {
        self.wall += other.wall;
        self.cpu += other.cpu;
    }
}

/// A stopwatch for the work of the current thread.
pub struct Stopwatch {
    wall: Instant,
    cpu: Duration,
}

impl Stopwatch {
    /// Starts a stopwatch.
    pub fn start() -> Self {
        Stopwatch { wall: Instant::now(), cpu: cpu_of_this_thread() }
    }

    /// Returns the time since the start.
    pub fn stop(&self) -> Work {
        Work { wall: self.wall.elapsed(), cpu: cpu_of_this_thread().saturating_sub(self.cpu) }
    }
}

fn cpu_of_this_thread() -> Duration {
    let time = clock_gettime(ClockId::ThreadCPUTime);
    Duration::try_from(time).unwrap_or_default()
}

/// The time that each stage of an ingest took, summed over the workers.
#[derive(Clone, Copy, Debug, Default)]
pub struct StageTimes {
    /// Reading and inflating the dump.
    pub inflate: Work,
    /// Parsing blocks into rows.
    pub parse: Work,
    /// Encoding and compressing rows.
    pub encode: Work,
    /// Encoding the table that took longest. Like inflating, one worker at a time does it.
    pub encode_of_one_table: Work,
    /// Finishing all tables in parallel: their last rows, footers, and fsync.
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

    /// Returns each stage's share of the workers' total time. Only one worker at a time inflates: if the share of
    /// `inflate` is close to 1 / `workers`, the gzip stream is the bottleneck.
    pub fn shares(&self, started: Instant, workers: usize) -> serde_json::Value {
        let whole = started.elapsed().as_secs_f64() * workers as f64;
        self.stages()
            .map(|(stage, work)| (stage, thousandths(work.wall.as_secs_f64() / whole.max(1e-9))))
            .into_iter()
            .collect()
    }

    /// Returns the processor seconds of each stage. Other processes on the machine do not affect them.
    pub fn cpu_seconds(&self) -> serde_json::Value {
        self.stages().map(|(stage, work)| (stage, thousandths(work.cpu.as_secs_f64()))).into_iter().collect()
    }
}

fn thousandths(number: f64) -> f64 {
    (number * 1000.0).round() / 1000.0
}
