use std::fs;
use std::path::Path;

use discogs_lakehouse::lake::sha256_of_file;
use serde_json::json;

use super::good_lake::{COPY, edit_json};
use crate::support::TestLake;

/// Replaces a table of the copy by the rows of a query on `t`, the table as it was, and corrects the dataset's description
/// to match: no hash and no number of rows gives it away.
pub fn rewrite(lake: &TestLake, table: &str, query: &str) {
    let folder = lake.run(COPY).join(table);
    let description = folder.join("_dataset.json");
    let before = parquet_files(&folder);
    let part = format!("part-{COPY}-00000.parquet");
    let damaged = folder.join("damaged");
    let connection = duckdb::Connection::open_in_memory().unwrap();
    let files = before.iter().map(|file| format!("'{file}'")).collect::<Vec<_>>().join(", ");
    connection.execute_batch(&format!("CREATE VIEW t AS SELECT * FROM read_parquet([{files}])")).unwrap();
    let sql = format!("COPY ({query}) TO '{}' (FORMAT parquet, COMPRESSION zstd)", damaged.display());
    connection.execute_batch(&sql).unwrap_or_else(|error| panic!("{query}: {error}"));
    let count = format!("SELECT count(*) FROM read_parquet('{}')", damaged.display());
    let rows: i64 = connection.query_row(&count, [], |row| row.get(0)).unwrap();

    for file in before {
        fs::remove_file(file).unwrap();
    }
    fs::rename(&damaged, folder.join(&part)).unwrap();
    let (bytes, sha256) = sha256_of_file(&folder.join(&part)).unwrap();
    edit_json(&description, |dataset| {
        dataset["rows"] = json!(rows);
        dataset["files"] = json!([{"name": part, "rows": rows, "bytes": bytes, "sha256": sha256}]);
    });
}

fn parquet_files(folder: &Path) -> Vec<String> {
    let files = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path());
    files
        .filter(|path| path.extension().is_some_and(|ending| ending == "parquet"))
        .map(|path| path.to_str().unwrap().to_owned())
        .collect()
}
