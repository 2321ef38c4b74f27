use std::path::Path;
use std::process::{Child, Command, Output, Stdio};

/// A command of a test. Its output is captured, and shown if an expectation fails.
pub struct TestCommand(Command);

/// How a command ended.
pub struct Finished {
    pub status: Option<i32>,
    pub stdout: String,
    pub stderr: String,
}

impl TestCommand {
    pub fn new(program: &Path, folder: &Path) -> Self {
        let mut command = Command::new(program);
        command.current_dir(folder).stdin(Stdio::null());
        TestCommand(command)
    }

    pub fn args(&mut self, arguments: &[&str]) -> &mut Self {
        self.0.args(arguments);
        self
    }

    pub fn env(&mut self, name: &str, value: impl AsRef<std::ffi::OsStr>) -> &mut Self {
        self.0.env(name, value);
        self
    }

    pub fn current_dir(&mut self, folder: &Path) -> &mut Self {
        self.0.current_dir(folder);
        self
    }

    pub fn env_remove(&mut self, name: &str) -> &mut Self {
        self.0.env_remove(name);
        self
    }

    pub fn stdout(&mut self, stdout: impl Into<Stdio>) -> &mut Self {
        self.0.stdout(stdout);
        self
    }

    pub fn stderr(&mut self, stderr: impl Into<Stdio>) -> &mut Self {
        self.0.stderr(stderr);
        self
    }

    /// Runs the command with its outputs where they were sent; returns the exit status alone.
    pub fn status(&mut self) -> Option<i32> {
        self.0.status().unwrap().code()
    }

    /// Another program, to be run in the same place with the same variables.
    pub fn wrapped_in(&self, program: &str) -> Command {
        let mut wrapper = Command::new(program);
        wrapper.stdin(Stdio::null());
        if let Some(folder) = self.0.get_current_dir() {
            wrapper.current_dir(folder);
        }
        for (name, value) in self.0.get_envs() {
            value.map(|value| wrapper.env(name, value));
        }
        wrapper
    }

    /// Puts this command, as words, behind what a wrapper has already.
    pub fn append_to(&self, wrapper: &mut Command) {
        wrapper.arg(self.0.get_program()).args(self.0.get_args());
    }

    pub fn run(&mut self) -> Finished {
        Finished::of(self.0.output().unwrap())
    }

    pub fn spawn(&mut self) -> Child {
        self.0.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap()
    }
}

impl Finished {
    pub fn of(output: Output) -> Self {
        Finished {
            status: output.status.code(),
            stdout: String::from_utf8_lossy(&output.stdout).into_owned(),
            stderr: String::from_utf8_lossy(&output.stderr).into_owned(),
        }
    }

    #[track_caller]
    pub fn expect_status(self, status: i32) -> Self {
        assert_eq!(self.status, Some(status), "stdout:\n{}\nstderr:\n{}", self.stdout, self.stderr);
        self
    }

    #[track_caller]
    pub fn expect_stderr(self, part: &str) -> Self {
        assert!(self.stderr.contains(part), "no \"{part}\" in stderr:\n{}", self.stderr);
        self
    }

    /// Exactly one line on stderr, with these parts.
    #[track_caller]
    pub fn expect_one_line(self, parts: &[&str]) -> Self {
        assert_eq!(self.stderr.lines().count(), 1, "stderr is not one line:\n{}", self.stderr);
        parts.iter().fold(self, |finished, part| finished.expect_stderr(part))
    }

    #[track_caller]
    pub fn expect_result(self, status: &str) -> Self {
        assert_eq!(self.json()["status"], status, "stdout:\n{}\nstderr:\n{}", self.stdout, self.stderr);
        self
    }

    /// The one JSON line on stdout.
    #[track_caller]
    pub fn json(&self) -> serde_json::Value {
        assert_eq!(self.stdout.lines().count(), 1, "stdout is more than a line:\n{}", self.stdout);
        serde_json::from_str(&self.stdout).unwrap()
    }
}
