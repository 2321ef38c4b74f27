//! The lake's Iceberg tables in Trino, over the catalog in the stack's Postgres. There is one such catalog, so one test at a
//! time has a lake in it.

mod bronze;
mod evolution;
mod gold;
mod layers;
mod losses;
mod own;
mod partitions;
mod promotions;
mod readers;
mod refine;
mod storage;

use std::path::Path;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use discogs_lakehouse::sql::{Rows, Trino};
use lake_catalog::{Access, Catalog, Store, TableChange};
use postgres::{Client, NoTls};

use super::stack::{LARGE, SMALL, Stack, path, setting};
use crate::support::{Finished, TestCommand, eventually, skipped};

/// A lake with two months, staged in the stack's catalog and promoted one after the other; [`LARGE`] is published.
pub struct Tables {
    pub stack: Stack,
    url: String,
    password_file: String,
    /// A time between the two promotions.
    pub between: String,
    _alone: MutexGuard<'static, ()>,
}

impl Tables {
    pub fn new() -> Option<Self> {
        let mut tables = Tables::of(Stack::with_runs)?;
        for run in [SMALL, LARGE] {
            tables.task("stage-tables", &["--run-id", run, "--catalog", &tables.url.clone()]).expect_status(0);
        }
        tables.promote(SMALL);
        std::thread::sleep(Duration::from_millis(20));
        tables.between = jiff::Timestamp::now().strftime("%Y-%m-%d %H:%M:%S.%3f UTC").to_string();
        std::thread::sleep(Duration::from_millis(20));
        tables.promote(LARGE);
        tables.wait_for_trino();
        Some(tables)
    }

    /// A lake without tables, and an empty catalog.
    pub fn of(stack: fn() -> Option<Stack>) -> Option<Self> {
        static ALONE: Mutex<()> = Mutex::new(());
        let alone = ALONE.lock().unwrap_or_else(PoisonError::into_inner);
        let stack = stack()?;
        let (Some(url), Some(password_file)) = (setting("DISCOGS_CATALOG"), setting("DISCOGS_CATALOG_PASSWORD_FILE"))
        else {
            skipped("the stack has no Iceberg catalog; scripts/stack up creates it");
            return None;
        };
        let tables = Tables { stack, url, password_file, between: String::new(), _alone: alone };
        let mut database = tables.database();
        // A test that was killed may have left it.
        database.batch_execute("DROP SCHEMA IF EXISTS hive CASCADE").unwrap();
        database.batch_execute("DELETE FROM iceberg_tables; DELETE FROM iceberg_namespace_properties").unwrap();
        database.batch_execute("DROP TABLE IF EXISTS lake_properties").unwrap();
        Some(tables)
    }

    /// Waits until Trino has none but living connections to the catalog.
    pub fn wait_for_trino(&self) {
        let mut successes = 0;
        eventually("Trino reads the catalog", || {
            let found = self.session().table("SELECT count(*) FROM labels_v10", "a test");
            successes = if found.is_ok() { successes + 1 } else { 0 };
            successes == 3
        });
    }

    pub fn promote(&self, run: &str) {
        let arguments = ["--run-id", run, "--run-mode=prod", "--allow-promote=true", "--allow-older=true"];
        self.task("promote", &arguments).expect_status(0);
    }

    /// A task on this lake, with the password of its catalog.
    pub fn task(&self, program: &str, arguments: &[&str]) -> Finished {
        let mut command = TestCommand::new(Path::new(&crate::support::program(program)), self.stack.folder());
        command.args(&["--lake", path(self.stack.folder())]).args(arguments);
        // The login of the stack's S3 server, for lakes with a warehouse there.
        if let Some(file) = setting("AWS_SHARED_CREDENTIALS_FILE") {
            command.env("AWS_SHARED_CREDENTIALS_FILE", file);
        }
        command.env("DISCOGS_CATALOG_PASSWORD_FILE", &self.password_file).run()
    }

    /// A workflow of the project on this lake and its catalog.
    pub fn workflow(&self, workflow: &str, parameters: &[&str]) -> Finished {
        let project = Path::new(env!("CARGO_MANIFEST_DIR")).join("digdag");
        let (catalog, of_stack) = (format!("catalog={}", self.url), self.stack.parameters());
        let shared = of_stack.iter().map(String::as_str).chain(["verbose=true", &catalog]);
        let parameters: Vec<_> = shared.chain(parameters.iter().copied()).collect();
        let program = crate::support::program("run-workflow");
        let mut command = self.stack.workflow_of(Path::new(&program), &project, workflow, &parameters);
        if let Some(file) = setting("AWS_SHARED_CREDENTIALS_FILE") {
            command.env("AWS_SHARED_CREDENTIALS_FILE", file);
        }
        command.env("DISCOGS_CATALOG_PASSWORD_FILE", &self.password_file).run()
    }

    fn password(&self) -> String {
        std::fs::read_to_string(&self.password_file).unwrap().trim().to_owned()
    }

    pub fn database(&self) -> Client {
        let mut config: postgres::Config = self.url.parse().unwrap();
        config.password(self.password()).connect(NoTls).unwrap()
    }

    /// The catalog, for changes that cost no start of a program; `options` are those of the connection.
    pub fn catalog(&self, options: &str) -> Catalog {
        Catalog::open(&self.store(options), self.stack.lake().root(), Access::Write).unwrap()
    }

    pub fn store(&self, options: &str) -> Store {
        Store::Postgres { url: format!("{}{options}", self.url), password: Some(self.password()) }
    }

    /// Moves `main` of all tables to a run as a promotion does, without its checks and without `active`.
    pub fn move_mains(&self, catalog: &mut Catalog, run: &str) {
        let tables = catalog.load_all().unwrap();
        let at = Catalog::next_time(&tables);
        let changes = tables.iter().filter(|table| table.name().namespace != "mine").map(|table| {
            let snapshot = table.snapshot_of(&format!("run_{run}")).unwrap();
            let mut change = TableChange::of(table);
            change.set_main(snapshot.snapshot_id(), snapshot.schema_id().unwrap()).unwrap();
            change
        });
        catalog.commit(changes.collect(), at).unwrap();
    }

    pub fn session(&self) -> Trino {
        self.stack.session_at("iceberg", "silver")
    }

    pub fn ask(&self, sql: &str) -> Rows {
        self.session().table(sql, "a test").unwrap_or_else(|error| panic!("{sql}\n{error:#}")).1
    }

    /// The cells of the one row that a query gives.
    pub fn row(&self, sql: &str) -> Vec<String> {
        self.ask(sql).remove(0).into_iter().map(|cell| cell.unwrap_or_else(|| "NULL".to_owned())).collect()
    }

    pub fn change(&self, sql: &str) {
        self.session().execute(sql, "a test").unwrap_or_else(|error| panic!("{sql}\n{error:#}"));
    }

    /// Trino's error for a statement that it refuses.
    pub fn refused(&self, sql: &str) -> String {
        self.session().execute(sql, "a test").unwrap_err().to_string()
    }

    pub fn tables_folder(&self) -> String {
        format!("file://{}/_tables", self.stack.lake().root().display())
    }
}

#[test]
fn runs_are_read_only_to_the_stack_and_tables_are_not() {
    let folder = tempfile::tempdir().unwrap();
    std::fs::create_dir_all(folder.path().join("_runs")).unwrap();
    let guard = Path::new(env!("CARGO_MANIFEST_DIR")).join("scripts/stack.d/read-only-lake");
    let mut command = TestCommand::new(&guard, folder.path());
    let script = "cd \"$1\" && touch _tables/file && ! touch _runs/file 2>/dev/null && ! touch active 2>/dev/null";
    let finished = command.args(&[path(folder.path()), "sh", "-c", script, "sh", path(folder.path())]).run();
    if finished.stderr.contains("no mount namespaces") {
        return skipped("mount namespaces are not permitted here");
    }
    finished.expect_status(0);
    assert!(folder.path().join("_tables/file").is_file());
}
