//! The screen of a terminal: what fills more than it opens in a pager.

use std::io::{self, Write};
use std::process::{Child, Command, Stdio};

use crate::waiting::Waiting;

/// The pager without a variable PAGER: it ends at once if all fits, cuts long lines, shows colours, and leaves the text on the
/// screen.
const PAGER: &str = "less -FRSX";

/// The size of a terminal in characters.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Size {
    /// The number of lines.
    pub lines: usize,
    /// The number of characters in a line.
    pub columns: usize,
}

impl Size {
    /// Returns the size of the terminal of stdout, as it is now; `None` if stdout is no terminal.
    pub fn of_stdout() -> Option<Self> {
        let size = rustix::termios::tcgetwinsize(rustix::stdio::stdout()).ok()?;
        // A terminal may not know its size.
        let or = |found: u16, default| if found == 0 { default } else { usize::from(found) };
        Some(Size { lines: or(size.ws_row, 24), columns: or(size.ws_col, 80) })
    }
}

/// Writes to stdout. On a terminal, a text that fills more than the screen goes to a pager.
pub struct Screen {
    /// The lines that fit, and the pager for a longer text.
    pager: Option<(usize, String)>,
    buffer: Vec<u8>,
    child: Option<Child>,
    /// The display of a command that runs, until its first output.
    waiting: Option<Waiting>,
}

impl Screen {
    /// Returns the screen of stdout. Without a size there is no pager.
    pub fn new(size: Option<Size>, waiting: Option<Waiting>) -> Self {
        let pager = match std::env::var("PAGER") {
            Ok(pager) => Some(pager).filter(|pager| !pager.trim().is_empty()),
            Err(_) => is_installed("less").then(|| PAGER.to_owned()),
        };
        let pager = size.zip(pager).map(|(size, pager)| (size.lines.saturating_sub(1), pager));
        Screen { pager, buffer: Vec::new(), child: None, waiting }
    }

    /// Starts the pager if the text fills more than the screen. Without a program of its name, stdout takes the text.
    fn choose(&mut self) -> io::Result<()> {
        let Some((lines, command)) = &self.pager else { return self.pass_on() };
        if self.buffer.iter().filter(|byte| **byte == b'\n').count() < *lines {
            return Ok(());
        }
        self.waiting = None;
        let started = Command::new("sh").arg("-c").arg(command).stdin(Stdio::piped()).spawn();
        self.child = started.ok();
        self.pager = None;
        self.pass_on()
    }

    fn pass_on(&mut self) -> io::Result<()> {
        self.waiting = None;
        let text = std::mem::take(&mut self.buffer);
        match self.child.as_mut().and_then(|child| child.stdin.as_mut()) {
            Some(pager) => pager.write_all(&text),
            None => io::stdout().write_all(&text),
        }
    }

    /// Writes what is left, and waits until the reader has closed the pager.
    ///
    /// # Errors
    /// Fails if stdout cannot be written.
    pub fn finish(mut self) -> io::Result<()> {
        let written = self.pass_on();
        match self.child.take() {
            Some(mut child) => {
                drop(child.stdin.take());
                child.wait()?;
                Ok(())
            }
            None => written.and_then(|()| io::stdout().flush()),
        }
    }
}

/// Returns whether a folder of PATH has a program.
fn is_installed(program: &str) -> bool {
    let path = std::env::var_os("PATH").unwrap_or_default();
    std::env::split_paths(&path).any(|folder| folder.join(program).is_file())
}

impl Write for Screen {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.buffer.extend_from_slice(bytes);
        self.choose()?;
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}
