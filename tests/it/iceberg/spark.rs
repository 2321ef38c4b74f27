//! Spark 3.5 over the catalog in Postgres, with an older and a newer version of Iceberg's runtime.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use discogs_lakehouse::contract::{ColumnType, Contract, Table};
use discogs_lakehouse::tables::iceberg::table_name;

use super::rest::fixture::java;
use super::{NOVEMBER, OCTOBER, two_months};
use crate::support::{CatalogDatabase, PASSWORD, Snapshot, TestCommand, TestLake, skipped};

/// The folder of `scripts/setup-spark`, and a Java that Spark 3.5 runs on.
pub struct Spark {
    folder: PathBuf,
    java: PathBuf,
}

impl Spark {
    pub fn installed() -> Option<Self> {
        let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("vendor/tools/spark");
        let folder = std::env::var_os("DISCOGS_SPARK").map_or(folder, PathBuf::from);
        match java() {
            Some(java) if folder.join(".whole").is_file() => Some(Spark { folder, java }),
            _ => {
                skipped(
                    "Spark is missing (scripts/setup-spark), or a Java 17 (apt-get install openjdk-17-jre-headless)",
                );
                None
            }
        }
    }

    /// The properties of a small Spark in one process, with a version of Iceberg's runtime.
    fn properties(&self, runtime: &str) -> String {
        let jar = |name: &str| self.folder.join("jars").join(name).display().to_string();
        let jars = [jar(&format!("iceberg-spark-runtime-3.5_2.12-{runtime}.jar")), jar("postgresql-42.7.7.jar")];
        format!(
            "spark.jars {}\n\
             spark.master local[2]\n\
             spark.driver.memory 1g\n\
             spark.ui.enabled false\n\
             spark.sql.shuffle.partitions 1\n\
             spark.driver.host 127.0.0.1\n\
             spark.driver.bindAddress 127.0.0.1\n\
             spark.sql.session.timeZone UTC\n\
             spark.sql.catalogImplementation in-memory\n\
             spark.driver.extraJavaOptions -XX:TieredStopAtLevel=1 -XX:+UseSerialGC\n",
            jars.join(",")
        )
    }

    /// A script of this folder in Spark with a version of Iceberg's runtime. Its first arguments are the catalog and the
    /// warehouse.
    fn submit(&self, runtime: &str, script: &str, lake: &TestLake, database: &CatalogDatabase) -> TestCommand {
        let url = format!("jdbc:postgresql://127.0.0.1:{}/{}", database.port(), database.name);
        let warehouse = format!("file://{}/_tables", lake.root().display());
        let mut command = self.script(runtime, &format!("iceberg/{script}"), lake);
        command.args(&[&url, &warehouse]);
        command
    }

    /// A script of the tests in Spark with a version of Iceberg's runtime.
    pub fn script(&self, runtime: &str, script: &str, lake: &TestLake) -> TestCommand {
        let mut command = TestCommand::new(&self.folder.join("python/bin/spark-submit"), &lake.root());
        command.env("JAVA_HOME", &self.java).env("SPARK_LOCAL_IP", "127.0.0.1").env("PGPASSWORD", PASSWORD);
        command.env("PYSPARK_PYTHON", self.folder.join("python/bin/python"));
        let properties = lake.write("submit.conf", self.properties(runtime));
        command.args(&["--properties-file", properties.to_str().unwrap()]);
        let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/it").join(script);
        command.args(&[script.to_str().unwrap()]);
        command
    }
}

/// A lake of two months in a catalog in Postgres, both promoted.
fn two_months_in(database: &CatalogDatabase) -> TestLake {
    let lake = two_months();
    let catalog = ["--catalog", &database.url(), "--catalog-password-file", database.password_file()];
    for run in [OCTOBER, NOVEMBER] {
        lake.task("stage-tables").args(&["--run-id", run]).args(&catalog).run().expect_status(0);
        let promote = ["--run-id", run, "--run-mode", "prod", "--allow-promote", "true"];
        lake.task("promote").args(&promote).args(&catalog).run().expect_status(0);
    }
    lake
}

/// Rows, values, sums, lengths and bounds of every column of a table, as spark.py gives them.
fn sums(table: &Table) -> String {
    let of_column = |column: &discogs_lakehouse::contract::Column| {
        let name = format!("\"{}\"", column.name);
        let mut parts = vec![format!("count({name})")];
        match column.data_type {
            ColumnType::Bigint | ColumnType::Integer => parts.push(format!("sum(CAST({name} AS DECIMAL(38, 0)))")),
            ColumnType::Boolean => parts.push(format!("sum(CASE WHEN {name} THEN 1 ELSE 0 END)")),
            ColumnType::Varchar => {
                parts.extend([format!("sum(length({name}))"), format!("min({name})"), format!("max({name})")]);
            }
            ColumnType::Timestamp => parts.push(format!("sum(year({name}))")),
        }
        parts
    };
    let parts = ["count(*)".to_owned()].into_iter().chain(table.columns.iter().flat_map(of_column));
    let parts: Vec<_> = parts.map(|part| format!("coalesce(CAST({part} AS VARCHAR), '-')")).collect();
    format!("SELECT '{}' AS name, concat_ws('|', {}) AS sums FROM {}", table_name(table), parts.join(", "), table.name)
}

fn of_files(lake: &TestLake, run: &str, tables: &[&Table]) -> BTreeMap<String, String> {
    let sql = tables.iter().map(|table| sums(table)).collect::<Vec<_>>().join(" UNION ALL ");
    let sql = lake.write("sums.sql", sql);
    let csv = sql.with_extension("csv");
    let mut query = lake.task("query");
    query.args(&["--run-id", run, "--sql-file", sql.to_str().unwrap(), "--csv", csv.to_str().unwrap()]);
    query.args(&["--raw=true"]).run().expect_status(0);
    let mut rows = csv::Reader::from_path(&csv).unwrap();
    rows.records().map(|row| row.unwrap()).map(|row| (row[0].to_owned(), row[1].to_owned())).collect()
}

#[test]
fn spark_reads_the_sums_of_every_column_of_every_table_now_and_a_month_back() {
    let Some(spark) = Spark::installed() else { return };
    let Some(database) = CatalogDatabase::create() else { return };
    let lake = two_months_in(&database);
    let contract = Contract::load().unwrap();
    let there: Vec<_> = contract.tables.iter().filter(|table| !table.optional).collect();
    assert_eq!(there.len(), 36);
    let names: Vec<_> = there.iter().map(|table| table_name(table).to_string()).collect();
    let expected =
        [("main", NOVEMBER), ("month_2026-10", OCTOBER)].map(|(version, run)| (version, of_files(&lake, run, &there)));
    assert_ne!(expected[0].1, expected[1].1);

    for runtime in ["1.10.1", "1.12.0"] {
        let mut command = spark.submit(runtime, "spark.py", &lake, &database);
        command.args(&["month_2026-10"]).args(&names.iter().map(String::as_str).collect::<Vec<_>>());
        let printed = command.run().expect_status(0).stdout;
        let found: Vec<Vec<_>> = printed.split("\u{3}\n").map(|row| row.split('\u{2}').collect()).collect();
        for (version, sums) in &expected {
            let rows: BTreeMap<_, _> =
                found.iter().filter(|row| row.get(1) == Some(version)).map(|row| (row[0], row[2])).collect();
            assert_eq!(rows.len(), 36, "{runtime}, {version}");
            for (name, sums) in sums {
                assert_eq!(rows.get(name.as_str()), Some(&sums.as_str()), "{runtime}, {version}, {name}");
            }
        }
    }
}

#[test]
fn no_statement_of_spark_loses_a_file_of_a_run() {
    let Some(spark) = Spark::installed() else { return };
    let Some(database) = CatalogDatabase::create() else { return };
    let lake = two_months_in(&database);
    let runs = lake.root().join("_runs");
    let before = Snapshot::of(&runs);
    let mut command = spark.submit("1.12.0", "spark_losses.py", &lake, &database);
    let outcomes = command.args(&[&format!("file://{}", runs.display())]).run().expect_status(0).stdout;
    before.expect_unchanged(&runs);
    let refused = outcomes.lines().filter(|line| line.contains("GC is disabled")).count();
    assert_eq!(refused, 4, "expiry, orphan removal twice and PURGE are refused:\n{outcomes}");
    let catalog = ["--catalog-password-file", database.password_file()];
    lake.task("rebuild-catalog").args(&catalog).run().expect_status(0);
    let report = lake.task("report-active").args(&catalog).run().expect_status(0);
    assert!(report.stderr.contains("checks passed"), "{}", report.stderr);
}

/// A table is maintained by DuckDB, then by a Spark that the task starts: Spark reads the same rows in each state.
#[test]
fn spark_reads_a_maintained_table_as_before_and_maintains_one_itself() {
    let Some(spark) = Spark::installed() else { return };
    let Some(database) = CatalogDatabase::create() else { return };
    let lake = TestLake::new();
    std::fs::create_dir_all(lake.root()).unwrap();
    let catalog = ["--catalog-password-file", database.password_file()];
    let upsert = |text: &str, arguments: &[&str]| {
        let input = lake.write("input.csv", text);
        let from = ["--table", "mine.prices", "--from", input.to_str().unwrap()];
        lake.task("upsert-table").args(&[&from[..], &catalog, arguments].concat()).run().expect_status(0);
    };
    upsert("id,price\n3,1.25\n1,2.50\n2,\n", &["--key", "id", "--sort", "price", "--catalog", &database.url()]);
    upsert("id,price\n1,9\n7,0.5\n", &[]);
    upsert("id,price\n8,4\n9,\n", &["--mode", "append"]);
    let current = || history(&lake, &catalog);
    let before = current();
    let maintain = |arguments: &[&str]| {
        let mut command = lake.task("maintain-tables");
        command.env("JAVA_HOME", &spark.java).env("SPARK_LOCAL_IP", "127.0.0.1");
        command.env("PYSPARK_PYTHON", spark.folder.join("python/bin/python"));
        command.args(&["--dry-run", "false"]).args(&catalog).args(arguments).run().expect_status(0).json()
    };
    assert!(maintain(&[])["metrics"]["rewritten_files"].as_u64().unwrap() > 1);
    let by_duckdb = current();
    upsert("id,price\n20,0.75\n21,3\n", &["--mode", "append"]);
    upsert("id,price\n22,0.25\n", &["--mode", "append"]);
    let appended = current();
    let properties = lake.write("spark.conf", spark.properties("1.12.0"));
    let program = spark.folder.join("python/bin/spark-sql");
    let by_spark = ["--engine", "spark", "--spark-sql", program.to_str().unwrap()];
    let done = maintain(&[&by_spark[..], &["--spark-properties", properties.to_str().unwrap()]].concat());
    let of = |key: &str| done["upkeep"][0][key].as_u64();
    assert_eq!((of("rewritten_files"), of("new_files")), (Some(3), Some(1)), "{done}");
    assert!(!done.to_string().contains(PASSWORD));

    let mut command = spark.submit("1.12.0", "spark_states.py", &lake, &database);
    let states = [before, by_duckdb, appended, current()];
    command.args(&states.iter().map(String::as_str).collect::<Vec<_>>());
    let printed = command.run().expect_status(0).stdout;
    let rows: Vec<_> = printed.lines().filter_map(|line| line.strip_prefix("rows: ")).collect();
    assert_eq!((rows.len(), rows[0]), (4, "1,9.00 2,None 3,1.25 7,0.50 8,4.00 9,None"), "{printed}");
    assert_eq!((rows[0], rows[2]), (rows[1], rows[3]), "before and after");
    let sql = "SELECT string_agg(id || ',' || coalesce(price::VARCHAR, 'None'), ' ' ORDER BY id) FROM mine.prices";
    let mut query = lake.task("query");
    let csv = query.args(&["--sql", sql, "--format", "csv"]).args(&catalog).run().expect_status(0).stdout;
    assert_eq!(csv.lines().nth(1).unwrap().trim_matches('"'), rows[3]);
    // The embedded catalog is one that Spark cannot open.
    lake.task("move-catalog").args(&["--to", "sqlite"]).args(&catalog).run().expect_status(0);
    let refused = lake.task("maintain-tables").args(&by_spark).run().expect_status(2);
    refused.expect_stderr("cannot open the embedded catalog").expect_stderr("move-catalog");
}

/// The id of the current snapshot of `mine.prices`.
fn history(lake: &TestLake, catalog: &[&str]) -> String {
    let history =
        lake.task("table-history").args(&["--table", "mine.prices"]).args(catalog).run().expect_status(0).json();
    history["snapshots"].as_array().unwrap().last().unwrap()["snapshot_id"].as_str().unwrap().to_owned()
}
