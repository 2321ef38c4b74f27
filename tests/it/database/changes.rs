//! The next month by its changes: the tables of a server end as if every row had been loaded.

use std::fs;
use std::io::Read;
use std::sync::OnceLock;

use discogs_lakehouse::contract::Contract;

use super::Database;
use super::holdings::every_row;
use super::lake::{MONTHS, export, parquet, seal, shared};
use crate::support::{Dir, ENTITIES, Month, PostgresServer, TestCommand, gzip};

/// Two runs of which the second lacks two releases and has another country and another alias.
pub fn runs() -> &'static [&'static str; 2] {
    const RUNS: [&str; 2] = ["2026-11__20261124_000000", "2026-11__20261125_000000"];
    static SEALED: OnceLock<()> = OnceLock::new();
    SEALED.get_or_init(|| {
        let lake = &shared().lake;
        let month = |releases: &str| {
            let entities = ["--artists", "160", "--labels", "37", "--masters", "40"];
            Month::generate("2026-11", &[&["--releases", releases], &entities[..]].concat())
        };
        seal(lake, RUNS[0], &month("306"));
        let raw = Dir::shared().keep();
        fs::create_dir(raw.join("2026-11")).unwrap();
        let (from, to) = (month("304"), Month::at(&raw, "2026-11"));
        for entity in ENTITIES {
            let mut text = String::new();
            let packed = fs::File::open(from.dump(entity)).unwrap();
            flate2::read::MultiGzDecoder::new(packed).read_to_string(&mut text).unwrap();
            let edited = match entity {
                "releases" => replaced(&text, "<country>", "</country>", "Malta"),
                "artists" => {
                    let aliases = text.find("<aliases>").unwrap();
                    text[..aliases].to_owned() + &replaced(&text[aliases..], "\">", "</name>", "Somebody Else")
                }
                _ => text,
            };
            fs::write(to.dump(entity), gzip(edited.as_bytes())).unwrap();
        }
        seal(lake, RUNS[1], &to);
        for [from, to] in [RUNS, [RUNS[1], RUNS[0]]] {
            lake.task("diff-runs").args(&["--from-run-id", from, "--to-run-id", to]).run().expect_status(0);
        }
    });
    &RUNS
}

/// Replaces the first text between two marks.
fn replaced(text: &str, before: &str, after: &str, by: &str) -> String {
    let start = text.find(before).unwrap() + before.len();
    let end = start + text[start..].find(after).unwrap();
    format!("{}{by}{}", &text[..start], &text[end..])
}

fn command(run: &str, url: &str, changes: &str) -> TestCommand {
    export(&["--run-id", run, "--changes", changes, "--to", url])
}

#[test]
fn changes_give_the_same_tables_as_a_load() {
    let Some(server) = PostgresServer::shared() else { return };
    let (name, [before, after]) = (server.database(), runs());
    let url = server.url(&name);
    let loaded_by = |run: &str, changes: &str| {
        let result = command(run, &url, changes).run().expect_status(0).json();
        result["loaded_by"].as_str().unwrap().to_owned()
    };
    assert_eq!(loaded_by(before, "auto"), "copy");
    assert_eq!(loaded_by(after, "auto"), "changes");
    holds(server, &name, after);
    command(after, &url, "auto").run().expect_status(0).expect_result("already_done");
    assert_eq!(loaded_by(before, "never"), "copy");
    // The history has no changes between these two.
    assert_eq!(loaded_by(MONTHS[1], "auto"), "copy");
    // Other catalogues have other rows.
    let other = command(MONTHS[0], &url, "make").run().expect_status(0).expect_stderr("so all are loaded");
    assert_eq!(other.json()["loaded_by"], "copy");
    holds(server, &name, MONTHS[0]);
}

#[test]
fn rows_that_somebody_changed_are_loaded_again() {
    let Some(server) = PostgresServer::shared() else { return };
    let (name, [before, after]) = (server.database(), runs());
    let url = server.url(&name);
    command(before, &url, "never").run().expect_status(0);
    server.client(&name).batch_execute("DELETE FROM discogs.release_genres_v1 WHERE release_id > 304").unwrap();
    let finished =
        command(after, &url, "make").run().expect_status(0).expect_stderr("was changed since it was exported");
    assert_eq!(finished.json()["loaded_by"], "copy");
    holds(server, &name, after);
}

/// Every table of the schema has the rows of a run.
#[track_caller]
fn holds(server: &PostgresServer, name: &str, run: &str) {
    let mut client = server.client(name);
    client.batch_execute("SET search_path = discogs").unwrap();
    let (mut database, mut parquet) = (Database::Postgres(client), Database::DuckDb(parquet(run)));
    for table in Contract::load().unwrap().tables.iter().filter(|table| table.name != "collection") {
        assert!(
            database.rows(&every_row(table)) == parquet.rows(&every_row(table)),
            "the rows of {} differ",
            table.name
        );
        let recorded = format!("SELECT rows FROM _export_tables WHERE table_name = '{}'", table.sql_name());
        let counted = format!("SELECT count(*) FROM {}", table.sql_name());
        assert_eq!(database.number(&recorded), database.number(&counted), "{}", table.name);
    }
    assert_eq!(database.rows("SELECT run_id FROM _export"), [[Some(run.to_owned())]]);
}
