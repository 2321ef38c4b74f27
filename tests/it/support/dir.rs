use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};

use super::TestCommand;

/// An empty folder that is removed with the test.
pub struct Dir(tempfile::TempDir);

impl Dir {
    pub fn new() -> Self {
        Dir(tempfile::tempdir().unwrap())
    }

    /// Creates a folder that the tests of a process share. It is never removed, so it lies in cargo's folder for tests.
    pub fn shared() -> Self {
        Dir(tempfile::tempdir_in(env!("CARGO_TARGET_TMPDIR")).unwrap())
    }

    /// Creates a folder in memory if the system has one: an ingest flushes each table to the disk, and a test that starts it
    /// a hundred times would spend its time waiting.
    pub fn in_memory() -> Self {
        let memory = Path::new("/dev/shm");
        if memory.is_dir() { Dir(tempfile::tempdir_in(memory).unwrap()) } else { Dir::new() }
    }

    /// Creates the folder of this name in another one.
    pub fn named(parent: &Path, name: &str) -> Self {
        Dir(tempfile::Builder::new().prefix(name).rand_bytes(0).tempdir_in(parent).unwrap())
    }

    /// Keeps the folder; the caller sees to its removal.
    pub fn keep(self) -> PathBuf {
        self.0.keep()
    }

    pub fn path(&self, name: &str) -> PathBuf {
        self.0.path().join(name)
    }

    pub fn create(&self, name: &str, text: &str) -> &Self {
        let path = self.path(name);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, text).unwrap();
        self
    }

    pub fn create_program(&self, name: &str, text: &str) -> &Self {
        self.create(name, text);
        fs::set_permissions(self.path(name), fs::Permissions::from_mode(0o755)).unwrap();
        self
    }

    pub fn read(&self, name: &str) -> String {
        fs::read_to_string(self.path(name)).unwrap_or_default()
    }

    /// A command that runs in this folder.
    pub fn command(&self, program: impl AsRef<Path>) -> TestCommand {
        TestCommand::new(program.as_ref(), self.0.path())
    }

    /// `run-workflow` in this folder.
    pub fn run_workflow(&self, arguments: &[&str]) -> TestCommand {
        let mut command = self.command(crate::support::program("run-workflow"));
        command.args(arguments);
        command
    }
}
