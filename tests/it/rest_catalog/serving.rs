//! A server of the REST catalog in a process of its own, so that a test can kill it: the example of `crates/rest-catalog`.

use std::io::{BufRead, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};

use lake_catalog::Store;

use crate::iceberg::rest::fixture::Rest;
use crate::support::binary;

/// A running server. It ends with this value, or with the test's process.
pub struct Serving {
    process: Child,
    url: String,
    lake: PathBuf,
    store: Store,
    is_guarded: bool,
}

impl Serving {
    /// Serves a lake whose namespaces bronze, silver and gold clients cannot change.
    pub fn guarded(lake: &Path, store: &Store) -> Self {
        Serving::start(lake, store, true, 0)
    }

    /// Like [`Serving::guarded`], at a port.
    pub fn at(port: u16, lake: &Path, store: &Store) -> Self {
        Serving::start(lake, store, true, port)
    }

    /// Serves a lake that clients may change as its tasks do.
    pub fn unguarded(lake: &Path, store: &Store) -> Self {
        Serving::start(lake, store, false, 0)
    }

    fn start(lake: &Path, store: &Store, is_guarded: bool, port: u16) -> Self {
        let lake = lake.canonicalize().unwrap();
        let program = binary("query").with_file_name("examples").join("serve");
        assert!(program.exists(), "{} is missing; run cargo build --workspace --examples", program.display());
        let mut command = Command::new(program);
        command.arg(&lake).args(["--port", &port.to_string(), "--under", "/iceberg", "--until-stdin-ends"]);
        match store {
            Store::Sqlite(file) => command.arg("--catalog").arg(file),
            Store::Postgres { url, password } => {
                command.args(["--catalog", url]).env("PGPASSWORD", password.as_deref().unwrap_or_default())
            }
            Store::Rest { .. } => panic!("a REST catalog is not served again"),
        };
        if !is_guarded {
            command.arg("--writable");
        }
        let mut process = command.stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().unwrap();
        let mut url = String::new();
        BufReader::new(process.stdout.take().unwrap()).read_line(&mut url).unwrap();
        assert!(url.starts_with("http://"), "the server does not start");
        Serving { process, url: url.trim().to_owned(), lake, store: store.clone(), is_guarded }
    }

    /// Kills the server in the middle of its work, and starts another one.
    pub fn killed_and_started(mut self) -> Self {
        self.process.kill().unwrap();
        self.process.wait().unwrap();
        Serving::start(&self.lake, &self.store, self.is_guarded, 0)
    }
}

impl Rest for Serving {
    fn url(&self) -> String {
        self.url.clone()
    }
}

impl Drop for Serving {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}
