//! The connection to the catalog's database is lost at every statement, or for good. Each pointer is a whole run after it,
//! and the next call ends what was begun.

use std::io::{Read, Write};
use std::net::{Shutdown, TcpListener, TcpStream};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};

use lake_catalog::{Access, Catalog};

use super::invariants;
use super::lake::{ID_AND_NAME, RUNS, Stage, create_own_table};
use super::sample::few;
use crate::support::{CatalogDatabase, Finished, TestLake};

/// How many losses are tried of a task, unless all are.
const LOSSES: usize = 4;

/// When a connection is lost.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Loss {
    /// Before the server gets the message with this number.
    Before(usize),
    /// Once the server has answered it, before the client gets the answer.
    Behind(usize),
    /// Like `Behind`, and no further connection succeeds.
    ForGood(usize),
}

impl Loss {
    fn number(self) -> usize {
        match self {
            Loss::Before(number) | Loss::Behind(number) | Loss::ForGood(number) => number,
        }
    }
}

/// A proxy between tasks and the server, which counts the messages of clients.
struct Proxy {
    port: u16,
    messages: Arc<AtomicUsize>,
    loss: Arc<Mutex<Option<Loss>>>,
}

impl Proxy {
    fn to(server: u16) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let proxy =
            Proxy { port: listener.local_addr().unwrap().port(), messages: Arc::default(), loss: Arc::default() };
        let (messages, loss) = (proxy.messages.clone(), proxy.loss.clone());
        std::thread::spawn(move || {
            for client in listener.incoming().flatten() {
                let (messages, loss) = (messages.clone(), loss.clone());
                std::thread::spawn(move || serve(client, server, &messages, &loss));
            }
        });
        proxy
    }

    /// Loses the connection once, or not at all; counts from here.
    fn lose(&self, loss: Option<Loss>) {
        self.messages.store(0, Ordering::SeqCst);
        *self.loss.lock().unwrap() = loss;
    }

    fn count(&self) -> usize {
        self.messages.load(Ordering::SeqCst)
    }
}

/// Hands on messages. A client sends one, and waits for the answer before it sends the next.
fn serve(mut client: TcpStream, server: u16, messages: &AtomicUsize, loss: &Mutex<Option<Loss>>) {
    if matches!(*loss.lock().unwrap(), Some(Loss::ForGood(number)) if messages.load(Ordering::SeqCst) >= number) {
        return;
    }
    let mut server = TcpStream::connect(("127.0.0.1", server)).unwrap();
    let (mut answers, mut back) = (server.try_clone().unwrap(), client.try_clone().unwrap());
    let is_cut = Arc::new(Mutex::new(false));
    let cut = is_cut.clone();
    let answering = std::thread::spawn(move || {
        let mut buffer = [0; 1 << 16];
        while let Ok(length) = answers.read(&mut buffer) {
            // The answer to the message that is lost is read and kept.
            if length == 0 || *cut.lock().unwrap() || back.write_all(&buffer[..length]).is_err() {
                break;
            }
        }
        let _ = back.shutdown(Shutdown::Both);
    });
    let mut buffer = [0; 1 << 16];
    while let Ok(length) = client.read(&mut buffer) {
        if length == 0 {
            break;
        }
        let number = messages.fetch_add(1, Ordering::SeqCst) + 1;
        let lost = loss.lock().unwrap().filter(|loss| loss.number() == number);
        match lost {
            Some(Loss::Before(_)) => break,
            Some(_) => *is_cut.lock().unwrap() = true,
            None => {}
        }
        if server.write_all(&buffer[..length]).is_err() {
            break;
        }
        if lost.is_some() {
            // The answering thread ends with the answer.
            break;
        }
    }
    if *is_cut.lock().unwrap() {
        let _ = answering.join();
    }
    let _ = client.shutdown(Shutdown::Both);
    let _ = server.shutdown(Shutdown::Both);
}

/// A lake with Iceberg tables behind a proxy.
struct Trial {
    lake: TestLake,
    database: CatalogDatabase,
    proxy: Proxy,
}

impl Trial {
    fn new() -> Option<Self> {
        let database = CatalogDatabase::create()?;
        let proxy = Proxy::to(database.port());
        let lake = TestLake::at(Stage::Published);
        lake.stage(&["--catalog", &database.url_at(proxy.port), "--catalog-password-file", database.password_file()]);
        Some(Trial { lake, database, proxy })
    }

    fn run(&self, task: &str, arguments: &[&str]) -> Finished {
        let mut command = self.lake.call(task, arguments);
        command.env("DISCOGS_CATALOG_PASSWORD_FILE", self.database.password_file()).run()
    }

    fn catalog(&self) -> Catalog {
        let root = std::fs::canonicalize(self.lake.root()).unwrap();
        Catalog::open(&self.database.store(), &root, Access::Read).unwrap()
    }

    fn hold(&self, actives: &[&str], when: &str) {
        let actives: Vec<_> = actives.iter().map(|run| Some(*run)).collect();
        invariants::hold(&self.lake.root(), &actives, when);
        let broken = invariants::tables_of(&mut self.catalog());
        assert!(broken.is_empty(), "{when}:\n{}", broken.join("\n"));
    }

    /// The run that `main` of every table is.
    fn main(&self) -> Option<String> {
        let table = self.catalog().load(&lake_catalog::TableName::new("silver", "artists_v1_typed")).unwrap();
        let snapshot = table.metadata().snapshot_for_ref("main")?;
        snapshot.summary().additional_properties.get("discogs.run-id").cloned()
    }

    fn no_orphans(&self, when: &str) {
        assert!(!self.lake.path("_meta/session.json").exists(), "{when}");
        let mut catalog = self.catalog();
        for table in catalog.load_all().unwrap() {
            assert_eq!(catalog.remove_unnamed(&table).unwrap(), 0, "{when}: {}", table.name());
        }
    }

    /// Loses the connection at the messages of a task. `undo` leads back to the state before it. `done` asserts the state
    /// after it.
    fn at_messages(&self, task: &str, arguments: &[&str], actives: &[&str], undo: &dyn Fn(), done: &dyn Fn(&str)) {
        self.proxy.lose(None);
        self.run(task, arguments).expect_status(0);
        let total = self.proxy.count();
        done(task);
        let kinds = [Loss::Before, Loss::Behind, Loss::ForGood];
        let losses = few((1..=total).flat_map(|number| kinds.map(|kind| kind(number))).collect(), LOSSES);
        eprintln!("{task}: {} of {total} messages lost", losses.len());
        for loss in losses {
            let when = format!("{task}, {loss:?} of {total}");
            undo();
            self.proxy.lose(Some(loss));
            let finished = self.run(task, arguments);
            self.proxy.lose(None);
            // Behind the commit, a second connection shows that all is done.
            assert!([Some(0), Some(6)].contains(&finished.status), "{when}: {}", finished.stderr);
            assert_eq!(finished.json()["status"] == "failed", finished.status == Some(6), "{when}");
            self.hold(actives, &when);
            let again = self.run(task, arguments);
            assert_eq!(again.status, Some(0), "{when}; run again: {}", again.stderr);
            self.hold(actives, &format!("{when}; run again"));
            self.no_orphans(&when);
            done(&when);
        }
    }
}

#[test]
fn promote_and_rollback() {
    let Some(trial) = Trial::new() else { return };
    let promote = ["--run-id", RUNS[4], "--run-mode", "prod", "--allow-promote"];
    let back = ["--from-run-id", RUNS[4], "--to-run-id", RUNS[2]];
    let is = |run: &'static str| {
        let trial = &trial;
        move |when: &str| {
            assert_eq!(trial.lake.active().as_deref(), Some(run), "{when}");
            assert_eq!(trial.main().as_deref(), Some(run), "{when}");
        }
    };
    let actives = [RUNS[2], RUNS[4]];
    let undo = || drop(trial.run("rollback", &back).expect_status(0));
    trial.at_messages("promote", &promote, &actives, &undo, &is(RUNS[4]));
    let undo = || drop(trial.run("promote", &promote).expect_status(0));
    trial.at_messages("rollback", &back, &actives, &undo, &is(RUNS[2]));
}

#[test]
fn stage_tables_and_rollback_table() {
    let Some(trial) = Trial::new() else { return };
    let tag = format!("run_{}", RUNS[3]);
    let actives = [RUNS[2]];
    // A staged run is forgotten as prune-runs forgets it, so that it can be staged again.
    let undo = || {
        let mut catalog = trial.catalog_to_write();
        let tables = catalog.load_all().unwrap();
        let at = Catalog::next_time(&tables);
        let changes = tables.iter().filter_map(|table| {
            let id = table.ref_id(&tag)?;
            let mut change = lake_catalog::TableChange::of(table);
            change.remove_snapshots(&[id]).unwrap();
            Some(change)
        });
        catalog.commit(changes.collect(), at).unwrap();
        for table in catalog.load_all().unwrap() {
            catalog.remove_unnamed(&table).unwrap();
        }
    };
    let done = |when: &str| {
        let tables = trial.catalog().load_all().unwrap();
        assert!(tables.iter().all(|table| table.ref_id(&tag).is_some()), "{when}");
        assert_eq!(trial.main().as_deref(), Some(RUNS[2]), "{when}");
    };
    trial.at_messages("stage-tables", &["--run-id", RUNS[3]], &actives, &undo, &done);

    let undo = || drop(trial.run("rollback-table", &["--to", RUNS[2]]).expect_status(0));
    let done = |when: &str| assert_eq!(trial.main().as_deref(), Some(RUNS[1]), "{when}");
    trial.at_messages("rollback-table", &["--to", RUNS[1]], &actives, &undo, &done);
}

#[test]
fn rebuild_alter_and_move() {
    let Some(trial) = Trial::new() else { return };
    let actives = [RUNS[2]];
    let done = |when: &str| assert_eq!(trial.main().as_deref(), Some(RUNS[2]), "{when}");
    trial.at_messages("rebuild-catalog", &[], &actives, &|| {}, &done);

    create_own_table(&trial.database.store(), &trial.lake.root(), "names", &ID_AND_NAME);
    let alter = |changes: &'static str| ["--table", "mine.names", "--changes", changes];
    let undo = || drop(trial.run("alter-table", &alter("move id first")).expect_status(0));
    let done = |when: &str| {
        let table = trial.catalog().load(&lake_catalog::TableName::new("mine", "names")).unwrap();
        let schema = table.metadata().current_schema().clone();
        assert_eq!(schema.as_struct().fields()[0].name, "name", "{when}");
    };
    trial.at_messages("alter-table", &alter("move name first"), &actives, &undo, &done);

    // Away and back: in the middle of it the lake has one of its two catalogs, whole.
    let url = trial.database.url_at(trial.proxy.port);
    let to = |url: &str| {
        let mut command = trial.lake.call("move-catalog", &["--to", url]);
        command.args(&["--to-password-file", trial.database.password_file()]);
        command.env("DISCOGS_CATALOG_PASSWORD_FILE", trial.database.password_file()).run()
    };
    let runs = || {
        let history = trial.run("table-history", &["--table", "artists_v1_typed"]).expect_status(0).json();
        history["snapshots"].clone()
    };
    let before = runs();
    for (target, undo) in [("sqlite", url.as_str()), (&url, "sqlite")] {
        to(undo).expect_status(0);
        trial.proxy.lose(None);
        to(target).expect_status(0);
        let total = trial.proxy.count();
        let kinds = [Loss::Before, Loss::Behind, Loss::ForGood];
        for loss in few((1..=total).flat_map(|number| kinds.map(|kind| kind(number))).collect(), LOSSES) {
            let when = format!("move-catalog to {target}, {loss:?} of {total}");
            to(undo).expect_status(0);
            trial.proxy.lose(Some(loss));
            let finished = to(target);
            trial.proxy.lose(None);
            assert!([Some(0), Some(6)].contains(&finished.status), "{when}: {}", finished.stderr);
            assert_eq!(runs(), before, "{when}");
            assert_eq!(to(target).status, Some(0), "{when}; run again");
            assert_eq!(runs(), before, "{when}; run again");
            let left = trial.database.connect().query_one("SELECT count(*) FROM iceberg_tables", &[]).unwrap();
            let rows: i64 = left.get(0);
            assert_eq!(rows > 0, target != "sqlite", "{when}: one catalog has rows");
            assert_eq!(trial.lake.path("_meta/catalog.sqlite").exists(), target == "sqlite", "{when}");
        }
    }
}

impl Trial {
    fn catalog_to_write(&self) -> Catalog {
        let root = std::fs::canonicalize(self.lake.root()).unwrap();
        Catalog::open(&self.database.store(), &root, Access::Write).unwrap()
    }
}

/// Two promotions to two runs at once over one database: one after the other, or one is told who is at it.
#[test]
fn two_writers_of_all_tables_and_one_of_a_single_table() {
    let Some(trial) = Trial::new() else { return };
    let promote = |run: &'static str| ["--run-id", run, "--run-mode", "prod", "--allow-promote"];
    std::thread::scope(|scope| {
        let other = scope.spawn(|| {
            // An engine that commits to a table of people's and to one of the runs, under no lock of the lake.
            let mut catalog = trial.catalog_to_write();
            let mut commits = 0;
            for number in 0..30 {
                let name = lake_catalog::TableName::new("silver", ["artists_v1_typed", "labels_v10"][number % 2]);
                let table = catalog.load(&name).unwrap();
                let mut change = lake_catalog::TableChange::of(&table);
                change.set_properties(&[("engine.commit", &number.to_string())]).unwrap();
                match catalog.commit(vec![change], Catalog::next_time([&table])) {
                    Ok(()) => commits += 1,
                    Err(error) => assert!(error.is_transient(), "{error}"),
                }
                std::thread::sleep(std::time::Duration::from_millis(20));
            }
            commits
        });
        let writers = [RUNS[4], RUNS[1]].map(|run| {
            let trial = &trial;
            scope.spawn(move || trial.run("promote", &promote(run)).status)
        });
        for writer in writers {
            // Overtaken five times in a row, or by the other promotion: told so, and nothing is half done.
            assert!([Some(0), Some(4)].contains(&writer.join().unwrap()));
        }
        assert!(other.join().unwrap() > 0);
    });
    trial.hold(&[RUNS[1], RUNS[2], RUNS[4]], "two writers");
    trial.run("promote", &promote(RUNS[4])).expect_status(0);
    assert_eq!(trial.main().as_deref(), Some(RUNS[4]));
    let table = trial.catalog().load(&lake_catalog::TableName::new("silver", "labels_v10")).unwrap();
    assert!(table.metadata().properties().contains_key("engine.commit"), "what the engine committed is kept");
}

/// The last commit was made by a clock that was a day ahead: the next one is later, for all tables at the same time.
#[test]
fn a_clock_that_went_back() {
    let Some(trial) = Trial::new() else { return };
    let mut catalog = trial.catalog_to_write();
    let tables = catalog.load_all().unwrap();
    let ahead = Catalog::next_time(&tables) + 86_400_000;
    let mut change = lake_catalog::TableChange::of(&tables[0]);
    change.set_properties(&[("clock", "ahead")]).unwrap();
    catalog.commit(vec![change], ahead).unwrap();
    trial.run("stage-tables", &["--run-id", RUNS[3]]).expect_status(0);
    let promote = ["--run-id", RUNS[3], "--run-mode", "prod", "--allow-promote"];
    trial.run("promote", &promote).expect_status(0);
    trial.hold(&[RUNS[3]], "a clock that went back");
    for table in catalog.load_all().unwrap() {
        let staged = table.snapshot_of(&format!("run_{}", RUNS[3])).unwrap().timestamp_ms();
        assert_eq!((staged, table.metadata().last_updated_ms()), (ahead + 1, ahead + 2), "{}", table.name());
        assert_eq!(table.snapshot_at(ahead + 2).unwrap().timestamp_ms(), ahead + 1);
    }
    // A query as of a time reads what was current then, though the clock has not come there.
    trial.run("query", &["--as-of", RUNS[3], "--sql", "SELECT 1"]).expect_status(0);
}
