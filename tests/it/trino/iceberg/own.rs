use super::Tables;

const SUMS: &str = "count(*), sum(id), sum(price), max(title), count(grade)";

/// A table that upsert-table makes is read and merged into by Trino, and upserted again over Trino's delete files.
#[test]
fn an_own_table_is_read_and_merged_into_by_trino_between_two_upserts() {
    let Some(tables) = Tables::new() else { return };
    tables.change(&format!("CREATE SCHEMA mine WITH (location = '{}/mine')", tables.tables_folder()));
    let folder = tempfile::tempdir().unwrap();
    let upsert = |text: &str, arguments: &[&str]| {
        let file = folder.path().join("inventory.csv");
        std::fs::write(&file, text).unwrap();
        let from = ["--table", "mine.inventory", "--from", file.to_str().unwrap()];
        tables.task("upsert-table", &[&from[..], arguments].concat()).expect_status(0).json()
    };
    let query = |sql: &str| {
        let finished = tables.task("query", &["--sql", sql, "--format", "csv"]).expect_status(0);
        finished.stdout.lines().nth(1).unwrap().to_owned()
    };
    let both = |expected: &str| {
        let sql = format!("SELECT {SUMS} FROM mine.inventory");
        assert_eq!(tables.row(&sql).join(","), expected);
        assert_eq!(query(&sql), expected);
    };
    let rows = (1..=20).fold("id,title,price,listed\n".to_owned(), |text, id| {
        text + &format!("{id},title {id:02},1.25,2026-01-{id:02}\n")
    });
    upsert(&rows, &["--key", "id", "--partition", "bucket(2, id)"]);
    upsert("id,title,price,listed,grade\n3,title 99,2,2026-01-03,NM\n", &[]);
    both("20,210,25.75,title 99,1");
    let read =
        tables.row("SELECT count(*) FROM mine.inventory WHERE id BETWEEN 5 AND 7 AND listed < DATE '2026-01-07'");
    assert_eq!(read, ["2"]);

    // Trino's MERGE writes position deletes.
    tables.change(
        "MERGE INTO mine.inventory AS t USING (VALUES (5, 'gone'), (6, 'merged'), (40, 'added')) AS s (id, title) \
         ON t.id = s.id WHEN MATCHED AND s.title = 'gone' THEN DELETE \
         WHEN MATCHED THEN UPDATE SET title = s.title \
         WHEN NOT MATCHED THEN INSERT (id, title, price) VALUES (s.id, s.title, 9)",
    );
    both("20,245,33.50,title 99,1");
    let result = upsert("id,title,price,listed,grade\n7,title 07,3,2026-01-07,VG\n41,new,1,,\n", &[]);
    assert_eq!(result["metrics"]["updated"], 1, "{result}");
    both("21,286,36.25,title 99,2");
    assert_eq!(query("SELECT title FROM mine.inventory WHERE id = 6"), "merged");
    let deletes = tables.row("SELECT count(*) FROM mine.\"inventory$files\" WHERE content <> 0");
    assert_eq!(deletes, ["0"], "the delete files are folded in");
    upkeep_rewrites_the_delete_files_of_trino(&tables, &both);
    let from = ["--table", "mine.inventory", "--from", "start"];
    let changes = tables.task("read-changes", &from).expect_status(0).stdout;
    let count =
        |kind: &str| changes.lines().filter(|line| line.starts_with(&format!("{{\"change\":\"{kind}\""))).count();
    assert_eq!(["inserted", "updated", "deleted"].map(count), [22, 4, 1], "{changes}");
    upkeep_by_trino_itself(&tables, &upsert, &query);
    tables.change("DROP TABLE mine.inventory");
}

/// Trino rewrites the files, in the table's order; the dry run and the result are those of DuckDB.
fn upkeep_by_trino_itself(
    tables: &Tables,
    upsert: &dyn Fn(&str, &[&str]) -> serde_json::Value,
    query: &dyn Fn(&str) -> String,
) {
    tables.task("alter-table", &["--table", "mine.inventory", "--sort", "price desc"]).expect_status(0);
    for id in 60..63 {
        upsert(&format!("id,title,price,listed,grade\n{id},more,{id},,\n"), &["--mode", "append"]);
    }
    tables.change("DELETE FROM mine.inventory WHERE id = 6");
    let sums = format!("SELECT {SUMS} FROM mine.inventory");
    let before = tables.row(&sums).join(",");
    let files = "SELECT count(*) FROM mine.\"inventory$files\" WHERE content = 0";
    let counted = |sql: &str| tables.row(sql)[0].parse::<u64>().unwrap();
    let count = counted(files);
    let engine = ["--engine", "trino", "--trino-url", tables.stack.url(), "--tables", "mine.inventory", "--dry-run"];
    let by_trino =
        |dry_run: &str| tables.task("maintain-tables", &[&engine[..], &[dry_run]].concat()).expect_status(0).json();
    let shown = by_trino("true");
    assert_eq!(shown["status"], "skipped");
    assert_eq!(counted(files), count, "a dry run changes nothing");
    let done = by_trino("false");
    let of = |key: &str| done["upkeep"][0][key].as_u64().unwrap();
    assert_eq!(shown["metrics"]["rewritten_files"], done["metrics"]["rewritten_files"], "{shown} {done}");
    assert_eq!(count - of("rewritten_files") + of("new_files"), counted(files), "{done}");
    assert!(of("rewritten_bytes") > 0 && counted(files) < count, "{done}");
    assert_eq!(counted("SELECT count(*) FROM mine.\"inventory$files\" WHERE content <> 0"), 0);
    assert_eq!((tables.row(&sums).join(","), query(&sums)), (before.clone(), before));
    let path = "SELECT file_path FROM mine.\"inventory$files\" ORDER BY record_count DESC LIMIT 1";
    let path = tables.row(path).remove(0);
    let sorted = format!(
        "SELECT count(*) FROM (SELECT price, lag(price) OVER () AS before FROM read_parquet('{}')) WHERE price > before",
        path.trim_start_matches("file://")
    );
    assert_eq!(query(&sorted), "0", "the order of the table");
    assert_eq!(by_trino("false")["status"], "already_done");
    upsert("id,title,price,listed,grade\n70,more,70,,\n71,more,71,,\n", &["--mode", "append"]);
    upsert("id,title,price,listed,grade\n72,more,72,,\n73,more,73,,\n", &["--mode", "append"]);
    let other = [&engine[..], &["false", "--trino-iceberg-catalog", "tpch"]].concat();
    assert_ne!(tables.task("maintain-tables", &other).status, Some(0), "another catalog than the lake's");
}

fn upkeep_rewrites_the_delete_files_of_trino(tables: &Tables, both: &dyn Fn(&str)) {
    let delete_files = "SELECT count(*) FROM mine.\"inventory$files\" WHERE content <> 0";
    tables.change("UPDATE mine.inventory SET price = price + 1 WHERE id = 6");
    assert_ne!(tables.row(delete_files), ["0"]);
    tables.task("maintain-tables", &["--tables", "mine.inventory", "--dry-run", "false"]).expect_status(0);
    assert_eq!(tables.row(delete_files), ["0"]);
    both("21,286,37.25,title 99,2");
    let operation = "SELECT operation FROM mine.\"inventory$snapshots\" ORDER BY committed_at DESC LIMIT 1";
    assert_eq!(tables.row(operation), ["replace"]);
}
