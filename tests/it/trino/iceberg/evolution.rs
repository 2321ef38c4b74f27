use super::Tables;
use crate::iceberg::evolution::{BEFORE, CHANGES, TAG, create};

/// Trino reads the tables that pyiceberg and DuckDB read.
fn changes_of_the_contract_are_read_before_and_after(tables: &Tables) {
    create(&tables.store(""), tables.stack.lake().root());
    for change in &CHANGES {
        for (version, expected) in [(format!("FOR VERSION AS OF '{TAG}'"), BEFORE), (String::new(), change.expected)] {
            let names: Vec<_> = expected.split(' ').map(|column| column.split(':').next().unwrap()).collect();
            let parts = names.iter().map(|name| format!("count({name}), CAST(max({name}) AS VARCHAR)"));
            let from = format!("FROM mine.{} {version}", change.table);
            let row = tables.row(&format!("SELECT {} {from}", parts.collect::<Vec<_>>().join(", ")));
            let found =
                names.iter().zip(row.chunks(2)).map(|(name, cells)| format!("{name}:{}:{}", cells[0], cells[1]));
            assert_eq!(found.collect::<Vec<_>>().join(" "), expected, "{} {version}", change.table);
            let header = tables.session().table(&format!("SELECT * {from}"), "a test").unwrap().0;
            assert_eq!(header, names, "{} {version}", change.table);
        }
    }
}

/// A table of people's own, made and filled in Trino, changed by alter-table, and read by Trino as it was and as it is.
#[test]
fn own_tables_are_written_in_trino_altered_and_taken_over_by_a_rebuilt_catalog() {
    let Some(tables) = Tables::new() else { return };
    tables.change(&format!("CREATE SCHEMA mine WITH (location = '{}/mine')", tables.tables_folder()));
    tables.change("CREATE TABLE mine.sales (id INTEGER, amount REAL, place VARCHAR) WITH (sorted_by = ARRAY['id'])");
    changes_of_the_contract_are_read_before_and_after(&tables);
    tables.change("INSERT INTO mine.sales VALUES (1, REAL '1.5', 'Bern'), (2, REAL '2.5', NULL)");
    let old =
        tables.row("SELECT snapshot_id FROM mine.\"sales$snapshots\" ORDER BY committed_at DESC LIMIT 1").remove(0);
    let alter = |changes: &str| tables.task("alter-table", &["--table", "mine.sales", "--changes", changes]);
    let columns = || {
        let rows = tables.ask("DESCRIBE mine.sales").into_iter();
        rows.map(|row| format!("{} {}", row[0].clone().unwrap(), row[1].clone().unwrap()))
            .collect::<Vec<_>>()
            .join(", ")
    };
    for (changes, expected, place) in [
        ("add country varchar", "id integer, amount real, place varchar, country varchar", "place"),
        ("rename place to town", "id integer, amount real, town varchar, country varchar", "town"),
        (
            "widen id to bigint; widen amount to double",
            "id bigint, amount double, town varchar, country varchar",
            "town",
        ),
        ("move country first", "country varchar, id bigint, amount double, town varchar", "town"),
        ("move id after town", "country varchar, amount double, town varchar, id bigint", "town"),
        ("drop amount", "country varchar, town varchar, id bigint", "town"),
    ] {
        alter(changes).expect_status(0);
        assert_eq!(columns(), expected, "{changes}");
        let row = tables.row(&format!("SELECT count(*), sum(id), max({place}), max(country) FROM mine.sales"));
        assert_eq!(row, ["2", "3", "Bern", "NULL"], "{changes}");
    }
    for (changes, wrong) in [
        ("widen id to integer", "long cannot become int"),
        ("widen town to bigint", "string cannot become long"),
        ("drop id", "it sorts the table"),
        ("add TOWN varchar", "has a column town already"),
        ("drop amount", "no such column"),
    ] {
        alter(changes).expect_status(2).expect_stderr("table mine.sales, column ").expect_stderr(wrong);
    }
    alter("add x blob").expect_status(2).expect_stderr("type blob");
    let of_run = ["--table", "releases_v6", "--changes", "drop title"];
    tables.task("alter-table", &of_run).expect_status(2).expect_stderr("sql/contract.yml");

    // The old snapshot has the old names, the new one the new.
    let old = format!("SELECT count(amount), max(place) FROM mine.sales FOR VERSION AS OF {old}");
    assert_eq!(tables.row(&old), ["2", "Bern"]);
    tables.change("INSERT INTO mine.sales (country, town, id) VALUES ('CH', 'Basel', 9000000000)");
    let now = "SELECT count(*), sum(id), min(town), max(country) FROM mine.sales";
    assert_eq!(tables.row(now), ["3", "9000000003", "Basel", "CH"]);

    // The database is lost: people's tables come back with the tables of the runs.
    tables.database().batch_execute("DELETE FROM iceberg_tables; DELETE FROM lake_properties").unwrap();
    let rebuilt = tables.task("rebuild-catalog", &[]).expect_status(0).json();
    assert_eq!(
        rebuilt["own_tables"],
        serde_json::json!(["mine.added", "mine.dropped", "mine.moved", "mine.renamed", "mine.sales", "mine.widened"]),
        "{rebuilt}"
    );
    assert_eq!(tables.row(now), ["3", "9000000003", "Basel", "CH"]);
    assert_eq!(tables.row(&old), ["2", "Bern"]);
    assert_ne!(tables.row("SELECT count(*) FROM releases_v6"), ["0"]);
    // Row deltas are written by Trino alone; a table with them is read there.
    tables.change("DELETE FROM mine.sales WHERE id = 1");
    assert_eq!(tables.row("SELECT count(*) FROM mine.sales"), ["2"]);
    tables.change("DROP TABLE mine.sales");
}
