use std::fs;
use std::io::Write;
use std::os::unix::fs::symlink;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::OnceLock;
use std::sync::atomic::{AtomicUsize, Ordering};

use discogs_lakehouse::lake::{Lake, RunId};
use discogs_lakehouse::sql::{Rows, Trino, TrinoParameters};

use crate::lakehouse::path_with_binaries;
use crate::support::{Finished, TestCommand};

/// Two runs of the same lake, of dumps that differ in size.
pub const SMALL: &str = "2026-11__20261120_000000";
pub const LARGE: &str = "2026-12__20261220_000000";

/// A lake of a test, with a schema of its own at the Trino that scripts/stack started.
pub struct Stack {
    url: String,
    lake: PathBuf,
    lake_for_trino: PathBuf,
    schema: String,
}

impl Stack {
    /// An empty lake; `None`, with a line on stderr, if the stack is not up. In CI it has to be.
    pub fn new() -> Option<Self> {
        static NEXT: AtomicUsize = AtomicUsize::new(0);
        let url = url()?;
        let name = format!("test_{}_{}", std::process::id(), NEXT.fetch_add(1, Ordering::Relaxed));
        let (here, there) = lakes();
        let lake = here.join(&name);
        fs::create_dir_all(&lake).unwrap();
        Some(Stack { url, lake, lake_for_trino: there.join(&name), schema: name })
    }

    /// A lake with the two runs, sealed; [`LARGE`] is active, and [`SMALL`] was before it.
    pub fn with_runs() -> Option<Self> {
        let stack = Stack::new()?;
        fs::remove_dir(&stack.lake).unwrap();
        run_tool("cp", &["-a", path(runs()), path(&stack.lake)]);
        Some(stack)
    }

    pub fn lake(&self) -> Lake {
        Lake::open(&self.lake).unwrap()
    }

    pub fn folder(&self) -> &Path {
        &self.lake
    }

    pub fn schema(&self) -> &str {
        &self.schema
    }

    pub fn url(&self) -> &str {
        &self.url
    }

    pub fn location(&self, folder: &str) -> String {
        format!("file:{}/{folder}", self.lake_for_trino.display())
    }

    /// A task on this lake and this Trino.
    pub fn task(&self, program: &str, arguments: &[&str]) -> Finished {
        self.command_at(&self.url, program, arguments).run()
    }

    /// Like `command`, but with another address for this Trino.
    pub fn command_at(&self, url: &str, program: &str, arguments: &[&str]) -> TestCommand {
        let mut command = TestCommand::new(Path::new(program), &self.lake);
        command.args(&["--lake", path(&self.lake), "--trino-url", url, "--trino-schema", &self.schema]);
        if !arguments.contains(&"--trino-lake-root") {
            command.args(&["--trino-lake-root", path(&self.lake_for_trino)]);
        }
        command.args(arguments);
        command
    }

    /// A workflow of the project on this lake and this Trino.
    pub fn workflow(&self, project: &str, workflow: &str, parameters: &[String]) -> Finished {
        let run_workflow = crate::support::program("run-workflow");
        let run_workflow = Path::new(&run_workflow);
        let project = Path::new(env!("CARGO_MANIFEST_DIR")).join(project);
        let parameters = [&self.parameters()[..], parameters].concat();
        self.workflow_by(run_workflow, &project, workflow, &parameters.iter().map(String::as_str).collect::<Vec<_>>())
    }

    /// The parameters of a workflow for this Trino.
    pub fn parameters(&self) -> [String; 3] {
        [
            format!("trino_url={}", self.url),
            format!("trino_schema={}", self.schema),
            format!("trino_lake_root={}", path(&self.lake_for_trino)),
        ]
    }

    /// A workflow on this lake by run-workflow or Digdag, with no parameters but these.
    pub fn workflow_by(&self, program: &Path, project: &Path, workflow: &str, parameters: &[&str]) -> Finished {
        self.workflow_of(program, project, workflow, parameters).run()
    }

    /// Like `workflow_by`, and not started yet.
    pub fn workflow_of(&self, program: &Path, project: &Path, workflow: &str, parameters: &[&str]) -> TestCommand {
        let mut command = TestCommand::new(program, project);
        command.args(&["run", workflow, "--no-save", "--session", "2026-12-01 00:00:00"]);
        command.env("PATH", path_with_binaries());
        let lake = format!("lake={}", path(&self.lake));
        for parameter in [lake.as_str()].iter().chain(parameters) {
            command.args(&["-p", parameter]);
        }
        command
    }

    pub fn promote(&self, run: &str) -> Finished {
        let mut promote = TestCommand::new(Path::new(env!("CARGO_BIN_EXE_promote")), &self.lake);
        promote.args(&["--lake", path(&self.lake), "--run-id", run, "--run-mode=prod", "--allow-promote=true"]);
        promote.args(&["--allow-older=true"]);
        promote.run().expect_status(0)
    }

    /// Moves `active` as a promotion does, without its checks: in less than a millisecond.
    pub fn move_active(&self, run: &str) {
        let link = self.lake.join("active.next");
        symlink(format!("_runs/{run}"), &link).unwrap();
        fs::rename(&link, self.lake.join("active")).unwrap();
    }

    pub fn session(&self) -> Trino {
        self.session_in(&self.schema)
    }

    pub fn session_in(&self, schema: &str) -> Trino {
        self.session_at("hive", schema)
    }

    pub fn session_at(&self, catalog: &str, schema: &str) -> Trino {
        let parameters = TrinoParameters {
            trino_url: Some(self.url.clone()),
            trino_user: "test".to_owned(),
            trino_catalog: catalog.to_owned(),
            ..TrinoParameters::default()
        };
        Trino::open(&parameters, schema, std::sync::Arc::new(digdag_task::Quiet)).unwrap()
    }

    pub fn ask(&self, sql: &str) -> Rows {
        self.session().table(sql, "a test").unwrap().1
    }

    /// Returns the only cell of a query's result.
    pub fn cell(&self, sql: &str) -> String {
        self.ask(sql)[0][0].clone().unwrap_or_else(|| "NULL".to_owned())
    }

    pub fn change(&self, sql: &str) {
        self.session().execute(sql, "a test").unwrap();
    }
}

impl Drop for Stack {
    /// The schema stays: the metastore takes its time to drop one, and tables over nothing do no harm.
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.lake);
    }
}

pub fn path(path: &Path) -> &str {
    path.to_str().unwrap()
}

pub fn run_id(text: &str) -> RunId {
    text.parse().unwrap()
}

/// `DISCOGS_TEST_TRINO_URL`, or that of a stack of this checkout which answers.
fn url() -> Option<String> {
    static URL: OnceLock<Option<String>> = OnceLock::new();
    URL.get_or_init(|| {
        let url = std::env::var("DISCOGS_TEST_TRINO_URL").ok().or_else(|| setting("DISCOGS_TRINO_URL"));
        let up = url.filter(|url| {
            let address = url.trim_start_matches("http://").trim_end_matches('/');
            std::net::TcpStream::connect(address).is_ok()
        });
        if up.is_none() {
            let _ =
                writeln!(std::io::stderr(), "SKIPPED: tests over Trino, which is not up; scripts/stack up starts it");
            assert!(std::env::var_os("CI").is_none(), "in CI the stack has to be up");
        }
        up
    })
    .clone()
}

/// A line of the stack's `env` file.
pub fn setting(name: &str) -> Option<String> {
    let text = fs::read_to_string(state().join("env")).ok()?;
    text.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix('=').map(str::to_owned))
}

fn state() -> PathBuf {
    let default = || Path::new(env!("CARGO_MANIFEST_DIR")).join(".stack");
    std::env::var_os("DISCOGS_STACK").map_or_else(default, PathBuf::from)
}

/// The folder of the tests' lakes, here and as Trino sees it.
fn lakes() -> (PathBuf, PathBuf) {
    let here = state().join("lake");
    fs::create_dir_all(&here).unwrap();
    let there = setting("DISCOGS_TRINO_LAKE_ROOT").map_or_else(|| here.clone(), PathBuf::from);
    (here, there)
}

/// The two runs, created once.
fn runs() -> &'static Path {
    static RUNS: OnceLock<PathBuf> = OnceLock::new();
    RUNS.get_or_init(|| {
        let folder = lakes().0.join("runs");
        if folder.exists() {
            fs::remove_dir_all(&folder).unwrap();
        }
        fs::create_dir_all(&folder).unwrap();
        for (run, releases) in [(SMALL, "150"), (LARGE, "250")] {
            make_run(&folder, run, releases);
        }
        folder.join("lake")
    })
}

fn make_run(folder: &Path, run: &str, releases: &str) {
    let (raw, lake) = (folder.join("raw"), folder.join("lake"));
    let month = &run[..7];
    let generate = ["--raw-root", path(&raw), "--dump-month", month, "--releases", releases];
    let task = |program: &str, arguments: &[&str]| {
        TestCommand::new(Path::new(program), folder).args(arguments).run().expect_status(0);
    };
    task(&crate::support::program("generate-dumps"), &generate);
    let common = ["--lake", path(&lake), "--run-id", run];
    task(env!("CARGO_BIN_EXE_preflight"), &[&common[..], &["--dump-month", month, "--raw-root", path(&raw)]].concat());
    for ingest in [
        env!("CARGO_BIN_EXE_ingest-artists"),
        env!("CARGO_BIN_EXE_ingest-labels"),
        env!("CARGO_BIN_EXE_ingest-masters"),
        env!("CARGO_BIN_EXE_ingest-releases"),
        env!("CARGO_BIN_EXE_build-warehouse"),
    ] {
        task(ingest, &common);
    }
    task(env!("CARGO_BIN_EXE_sanity-check"), &[&common[..], &["--environment", "sample"]].concat());
    task(env!("CARGO_BIN_EXE_promote"), &[&common[..], &["--run-mode", "prod", "--allow-promote=true"]].concat());
}

fn run_tool(program: &str, arguments: &[&str]) {
    assert!(Command::new(program).args(arguments).status().unwrap().success(), "{program} {arguments:?}");
}
