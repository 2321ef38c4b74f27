//! Classified failures and their exit statuses.

use std::error::Error;
use std::fmt;
use std::io::ErrorKind;

/// The class of a failure. The discriminant is the exit status.
#[derive(Clone, Copy, Debug, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Class {
    /// Anything unforeseen: a full disk, a folder without write permission, a bug.
    Unexpected = 1,
    /// A parameter is missing, invalid, or contradicts another.
    Parameters = 2,
    /// A check with severity CRITICAL failed. Nothing was sealed or published.
    ChecksFailed = 3,
    /// Another process holds the lock. A retry later is safe.
    Locked = 4,
    /// An input is missing, truncated or invalid.
    Input = 5,
    /// A service outside this process failed (Trino, a download site).
    External = 6,
}

impl Class {
    /// Returns the exit status of a task that failed this way.
    pub fn exit_status(self) -> u8 {
        self as u8
    }

    /// Returns whether the same call can succeed later with nothing else changed.
    pub fn is_retryable(self) -> bool {
        matches!(self, Class::Locked | Class::External)
    }

    /// Returns the name in results: `bad_input`, because `input` alone would not read as an error.
    pub fn name(self) -> &'static str {
        match self {
            Class::Unexpected => "unexpected",
            Class::Parameters => "parameters",
            Class::ChecksFailed => "checks_failed",
            Class::Locked => "locked",
            Class::Input => "bad_input",
            Class::External => "external",
        }
    }
}

/// A failure of a known class: one line that says what failed, on what and why, and a hint that says what to do.
#[derive(Debug)]
pub struct Failure {
    /// Its class, which decides the exit status.
    pub class: Class,
    /// What failed, on what, and why, on one line.
    pub message: String,
    /// What to do about it.
    pub hint: Option<String>,
}

impl Failure {
    /// Returns a failure without a hint.
    pub fn new(class: Class, message: impl Into<String>) -> Self {
        Failure { class, message: message.into(), hint: None }
    }

    /// Returns a failure of class [`Class::Unexpected`].
    pub fn unexpected(message: impl Into<String>) -> Self {
        Failure::new(Class::Unexpected, message)
    }

    /// Returns a failure of class [`Class::Parameters`].
    pub fn parameters(message: impl Into<String>) -> Self {
        Failure::new(Class::Parameters, message)
    }

    /// Returns a failure of class [`Class::ChecksFailed`].
    pub fn checks_failed(message: impl Into<String>) -> Self {
        Failure::new(Class::ChecksFailed, message)
    }

    /// Returns a failure of class [`Class::Locked`].
    pub fn locked(message: impl Into<String>) -> Self {
        Failure::new(Class::Locked, message)
    }

    /// Returns a failure of class [`Class::Input`].
    pub fn input(message: impl Into<String>) -> Self {
        Failure::new(Class::Input, message)
    }

    /// Returns a failure of class [`Class::External`].
    pub fn external(message: impl Into<String>) -> Self {
        Failure::new(Class::External, message)
    }

    /// Sets the hint: what the user can do about the failure.
    pub fn hint(mut self, hint: impl Into<String>) -> Self {
        self.hint = Some(hint.into());
        self
    }

    /// Converts an error: returns the classified failure in its chain, otherwise an unexpected one whose message is the
    /// whole chain on one line.
    pub fn of(error: &anyhow::Error) -> Self {
        let line = one_line(&format!("{error:#}"));
        let io = error.chain().find_map(|cause| cause.downcast_ref::<std::io::Error>());
        match error.chain().find_map(|cause| cause.downcast_ref::<Failure>()) {
            Some(failure) => Failure { class: failure.class, message: line, hint: failure.hint.clone() },
            None => {
                let hint = io.and_then(advice).or_else(|| advice_for_text(&line)).map(str::to_owned);
                Failure { class: Class::Unexpected, message: line, hint }
            }
        }
    }
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message)
    }
}

impl Error for Failure {}

/// Returns a hint for common errors of a file system.
fn advice(error: &std::io::Error) -> Option<&'static str> {
    Some(match error.kind() {
        ErrorKind::StorageFull => "free some space and run the same command again; nothing half written was committed",
        ErrorKind::QuotaExceeded => "the quota is used up; free some space and run the same command again",
        ErrorKind::PermissionDenied => "check who owns the folder and what this user may do there",
        ErrorKind::ReadOnlyFilesystem => "the file system is mounted read-only; mount it writable for this task",
        _ if error.raw_os_error() == Some(rustix::io::Errno::MFILE.raw_os_error()) => {
            "raise the limit of open files (ulimit -n 1024) and run the same command again"
        }
        _ if error.raw_os_error() == Some(rustix::io::Errno::IO.raw_os_error()) => {
            "the disk reported an error; look at the system log before trying again"
        }
        _ => return None,
    })
}

/// Returns a hint for errors that DuckDB reports only as text, including those of the system.
fn advice_for_text(message: &str) -> Option<&'static str> {
    use rustix::io::Errno;
    let errors = [Errno::MFILE, Errno::NOSPC, Errno::ACCESS, Errno::ROFS, Errno::IO].map(std::io::Error::from);
    let of_the_system = errors.iter().find_map(|error| {
        let text = error.to_string();
        let text = text.split(" (os error").next().unwrap_or_default();
        message.contains(text).then(|| advice(error)).flatten()
    });
    let out_of_memory = || message.contains("Out of Memory Error").then_some("set memory_limit higher, such as 8GiB");
    of_the_system.or_else(out_of_memory)
}

fn one_line(text: &str) -> String {
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}
