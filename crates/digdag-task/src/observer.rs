//! The interface through which a library reports its progress. The task decides how to show a report: as a line or a
//! bar.

use std::fmt;
use std::sync::Arc;

/// Receives the reports of a library while it works. [`crate::Call`] and [`Quiet`] implement it.
pub trait Observer {
    /// Receives one line for people.
    fn note(&self, line: fmt::Arguments<'_>);

    /// Receives one line for people who asked for details.
    fn detail(&self, _line: fmt::Arguments<'_>) {}

    /// Receives the start of a piece of work and returns its meter, which ends when it is dropped.
    fn begin(&self, amount: Amount) -> Box<dyn Meter>;
}

/// An observer without a borrow, for clients that other objects own.
pub type SharedObserver = Arc<dyn Observer + Send + Sync>;

/// Receives the progress of a piece of work from any thread.
pub trait Meter: Sync {
    /// Receives the position reached; `message` is called only if it is shown.
    fn advance_to(&self, position: u64, message: &dyn Fn() -> String);
}

/// A piece of work whose progress is measured.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Amount {
    /// What positions count.
    pub unit: Unit,
    /// The position at the end, if it is known.
    pub total: Option<u64>,
    /// The position that an earlier attempt reached.
    pub resumed_at: u64,
}

/// What the positions of a piece of work count.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Unit {
    /// Bytes, which take about the same time each.
    Bytes,
    /// Steps, which take from an instant to minutes, so no remaining time is shown.
    Steps,
}

impl Amount {
    /// Returns work of a known number of bytes.
    pub fn bytes(total: u64) -> Self {
        Amount { unit: Unit::Bytes, total: Some(total), resumed_at: 0 }
    }

    /// Returns work of a known number of steps.
    pub fn steps(total: usize) -> Self {
        Amount { unit: Unit::Steps, total: Some(total as u64), resumed_at: 0 }
    }
}

/// An observer that shows nothing, for callers outside a task.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Quiet;

impl Observer for Quiet {
    fn note(&self, _line: fmt::Arguments<'_>) {}

    fn begin(&self, _amount: Amount) -> Box<dyn Meter> {
        Box::new(Quiet)
    }
}

impl Meter for Quiet {
    fn advance_to(&self, _position: u64, _message: &dyn Fn() -> String) {}
}
