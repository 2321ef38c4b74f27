//! Shows on stderr for how long a statement has been running, if it takes longer than a second.

use std::io::Write;
use std::sync::mpsc::{RecvTimeoutError, Sender, channel};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

/// The time between two updates.
const INTERVAL: Duration = Duration::from_millis(500);

/// A line on a terminal with the time of a statement that runs. It is removed when this value is dropped.
pub struct Waiting {
    end: Option<Sender<()>>,
    thread: Option<JoinHandle<()>>,
}

impl Waiting {
    /// Starts to wait.
    pub fn start() -> Self {
        let (end, ended) = channel();
        let thread = std::thread::spawn(move || {
            let began = Instant::now();
            let mut is_shown = false;
            while ended.recv_timeout(INTERVAL) == Err(RecvTimeoutError::Timeout) {
                let seconds = began.elapsed().as_secs();
                if seconds > 0 {
                    is_shown = true;
                    show(&format!("\r\x1b[K{seconds} s, Ctrl-C cancels"));
                }
            }
            if is_shown {
                show("\r\x1b[K");
            }
        });
        Waiting { end: Some(end), thread: Some(thread) }
    }
}

impl Drop for Waiting {
    fn drop(&mut self) {
        drop(self.end.take());
        if let Some(thread) = self.thread.take() {
            // The thread does not panic.
            let _ = thread.join();
        }
    }
}

/// Writes to stderr. A closed stderr is no error.
fn show(text: &str) {
    let mut stderr = std::io::stderr().lock();
    let _ = stderr.write_all(text.as_bytes()).and_then(|()| stderr.flush());
}
