//! Ctrl-C: cancels the command that runs, and not the shell.

use std::sync::{Arc, Mutex, MutexGuard};
use std::time::Duration;

use digdag_task::{guarded, say_line, stop};
use discogs_lakehouse::sql::{Cancellation, Cancelled};

/// The calls of a cancellation, because DuckDB forgets one that arrives just before a statement starts, and the pause between
/// them.
const ATTEMPTS: usize = 20;
const PAUSE: Duration = Duration::from_millis(50);

/// The presses of Ctrl-C within one command that end the shell, for a command that cannot be cancelled.
const PRESSES_TO_END: usize = 3;

/// The effect of Ctrl-C.
pub struct Interrupts {
    cancellation: Cancellation,
    /// Whether the shell goes on after a Ctrl-C between two commands.
    is_interactive: bool,
    /// Held while a command is cancelled, so that a Ctrl-C does not reach the next one.
    running: Mutex<Running>,
}

/// The command that runs.
#[derive(Clone, Copy, Default)]
struct Running {
    /// Its number, or `None` between two commands.
    number: Option<u64>,
    /// The number of the next command.
    next: u64,
    /// The presses of Ctrl-C within the command.
    presses: usize,
}

impl Interrupts {
    /// Starts to listen to signals. A Ctrl-C calls the cancellation.
    pub fn listen(cancellation: Cancellation, is_interactive: bool) -> Arc<Self> {
        let interrupts = Arc::new(Interrupts { cancellation, is_interactive, running: Mutex::default() });
        let listening = Arc::clone(&interrupts);
        stop::listen(crate::NAME, env!("CARGO_PKG_VERSION"), move || listening.interrupted());
        interrupts
    }

    /// Runs a command, and returns [`Cancelled`] if a Ctrl-C ended it.
    ///
    /// # Errors
    /// Fails as the command does.
    pub fn run<T>(&self, command: impl FnOnce() -> anyhow::Result<T>) -> anyhow::Result<T> {
        {
            let mut running = self.running();
            self.cancellation.reset();
            *running = Running { number: Some(running.next), next: running.next + 1, presses: 0 };
        }
        let result = guarded(command);
        let is_cancelled = {
            let mut running = self.running();
            running.number = None;
            self.cancellation.is_cancelled()
        };
        match result {
            Err(_) if is_cancelled => Err(Cancelled.into()),
            // A Ctrl-C at the end of a command ends a script before the next one.
            Ok(_) if is_cancelled && !self.is_interactive => Err(Cancelled.into()),
            result => result,
        }
    }

    /// Handles a Ctrl-C. Returns whether the shell goes on.
    fn interrupted(&self) -> bool {
        let (number, presses) = {
            let mut running = self.running();
            running.presses += 1;
            if running.number.is_some() {
                self.cancellation.cancel();
            }
            (running.number, running.presses)
        };
        if number.is_none() {
            return self.is_interactive;
        }
        match presses {
            PRESSES_TO_END.. => return false,
            2 => say_line(format_args!("{}: the command is being cancelled; Ctrl-C again ends the shell", crate::NAME)),
            _ => {}
        }
        for _ in 0..ATTEMPTS {
            let running = self.running();
            if running.number != number {
                break;
            }
            self.cancellation.cancel();
            drop(running);
            std::thread::sleep(PAUSE);
        }
        true
    }

    fn running(&self) -> MutexGuard<'_, Running> {
        self.running.lock().unwrap_or_else(|poisoned| poisoned.into_inner())
    }
}
