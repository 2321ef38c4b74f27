//! Tables in the warehouse, over the stack's S3 server and Postgres: Trino and DuckDB have the sums of the files.

use discogs_lakehouse::contract::{Contract, Table};
use lake_store::{Bucket, Condition, Credentials, Login, Put, Settings};
use sha2::{Digest, Sha256};

use super::super::stack::{Stack, setting};
use super::Tables;
use super::readers::{of_files, of_query, of_trino};
use crate::support::{sample_dumps, skipped};

/// The whole workflow on real records, from dumps in S3 to tables there: Trino, and DuckDB over S3, have the sums of the
/// lake's files.
#[test]
fn the_workflow_on_real_records_from_s3_to_s3_has_equal_sums_everywhere() {
    let Some(tables) = Tables::of(Stack::new) else { return };
    let (Some(endpoint), Some(login)) = (setting("DISCOGS_S3_ENDPOINT"), setting("AWS_SHARED_CREDENTIALS_FILE")) else {
        return skipped("the stack has no S3 server; scripts/stack up starts it");
    };
    let Some(dumps) = sample_dumps() else { return };
    let prefix = tables.stack.schema();
    let bucket = bucket(&endpoint, &login);
    for file in std::fs::read_dir(dumps.join("2025-01")).unwrap().flatten() {
        let bytes = std::fs::read(file.path()).unwrap();
        let sha256: [u8; 32] = Sha256::digest(&bytes).into();
        let put = Put { sha256: &sha256, condition: Condition::Any, content_type: "application/gzip" };
        let key = format!("{prefix}/raw/2025-01/{}", file.file_name().to_str().unwrap());
        bucket.put(&key, &bytes, &put).unwrap();
    }
    let (raw_root, warehouse) = (format!("s3://lake/{prefix}/raw"), format!("s3://lake/{prefix}/warehouse"));
    let parameters = [
        format!("raw_root={raw_root}"),
        format!("warehouse={warehouse}"),
        format!("s3_endpoint={endpoint}"),
        "dump_month=2025-01".to_owned(),
        "run_mode=prod".to_owned(),
        "allow_promote=true".to_owned(),
        "environment=sample".to_owned(),
    ];
    tables.workflow("main.dig", &parameters.each_ref().map(String::as_str)).expect_status(0);
    let run = tables.stack.lake().published().unwrap();
    let contract = Contract::load().unwrap();
    let exists = |table: &&Table| tables.stack.folder().join("_runs").join(run.as_str()).join(table.folder()).is_dir();
    let of_run: Vec<_> = contract.tables.iter().filter(exists).collect();
    assert!(of_run.len() > 30, "{}", of_run.len());
    let files = of_files(&tables, run.as_str(), &of_run);
    assert!(files.iter().any(|(_, sums)| !sums.starts_with("0|")), "{files:?}");
    tables.wait_for_trino();
    assert_eq!(of_trino(&tables, &of_run, ""), files);
    assert_eq!(of_query(&tables, &["--from-warehouse=true"], &of_run), files);
    let path_of = tables.row("SELECT min(file_path) FROM \"releases_v6$files\"").remove(0);
    assert!(path_of.starts_with(&format!("{warehouse}/_runs/{run}/releases_v6/")), "{path_of}");
    assert!(!tables.stack.folder().join("_tables/silver").exists(), "the metadata is in the warehouse");

    // Tables in the lake's folder are in the same catalog, and joined with those in the warehouse.
    tables.change("CREATE TABLE mine_of_trino AS SELECT release_id, title FROM releases_v6");
    let joined = "SELECT count(*) FROM mine_of_trino AS m JOIN releases_v6 AS r ON m.release_id = r.release_id";
    assert_eq!(tables.row(joined), tables.row("SELECT count(*) FROM releases_v6"));
    tables.change("DROP TABLE mine_of_trino");
}

/// The bucket of the stack, with the login of its profile.
fn bucket(endpoint: &str, login: &str) -> Bucket {
    let text = std::fs::read_to_string(login).unwrap();
    let value = |name: &str| {
        let found = text.lines().find_map(|line| line.strip_prefix(name)?.trim().strip_prefix("= "));
        found.unwrap().to_owned()
    };
    let credentials = Credentials {
        key_id: value("aws_access_key_id"),
        secret: value("aws_secret_access_key"),
        session_token: None,
        expires: None,
    };
    let settings = Settings { endpoint: Some(endpoint.to_owned()), ..Settings::default() };
    Bucket::open_with(&"s3://lake".parse().unwrap(), &settings, Login::fixed(credentials)).unwrap()
}
