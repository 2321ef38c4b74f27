//! `export-metrics`, read by a real Prometheus.

use std::fs;
use std::io::{Read, Write};
use std::net::TcpListener;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::thread;

use serde_json::Value;

use crate::support::{Dir, RUN, TestLake, eventually, sealed_lake, skipped};

fn example(file: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("examples/monitoring").join(file)
}

/// A lake with a published run and a table of people's own.
fn published() -> TestLake {
    let (lake, _) = sealed_lake();
    lake.call("stage-tables", &["--run-id", RUN]).run().expect_status(0);
    lake.promote(RUN).expect_status(0);
    lake.call("report-active", &["--environment", "sample"]).run().expect_status(0);
    let file = lake.write("prices.csv", "id,price\n1,2.50\n2,3.50\n");
    let from = ["--table", "mine.prices", "--from", file.to_str().unwrap(), "--key", "id"];
    lake.call("upsert-table", &from).run().expect_status(0);
    lake
}

/// The samples of a file, by name and labels.
fn samples(text: &str) -> Vec<(String, f64)> {
    let lines = text.lines().filter(|line| !line.starts_with('#'));
    lines
        .map(|line| line.rsplit_once(' ').unwrap())
        .map(|(name, value)| (name.to_owned(), value.parse().unwrap()))
        .collect()
}

#[test]
fn the_file_says_what_the_lake_holds_and_changes_nothing() {
    let lake = published();
    let before = lake.snapshot();
    let file = lake.beside("lake.prom");
    let result = lake.call("export-metrics", &["--to", file.to_str().unwrap()]).run().expect_status(0).json();
    before.expect_unchanged(&lake.root());
    let text = fs::read_to_string(&file).unwrap();
    let samples = samples(&text);
    assert_eq!(result["metrics"]["samples"], samples.len(), "{result}");
    let value =
        |name: &str| samples.iter().find(|(found, _)| found == name).unwrap_or_else(|| panic!("{name}\n{text}")).1;
    assert_eq!(value(r#"storage_table_rows_count{layer="mine",table="prices"}"#), 2.0);
    assert_eq!(value(r#"storage_table_rows_count{layer="silver",table="releases_v6"}"#), 300.0);
    assert_eq!(value(r#"storage_table_files{layer="mine",table="prices"}"#), 1.0);
    let own: Vec<_> = walkdir::WalkDir::new(lake.path("_tables/mine/prices/data")).into_iter().flatten().collect();
    let bytes: u64 = own.iter().filter(|it| it.file_type().is_file()).map(|it| it.metadata().unwrap().len()).sum();
    assert_eq!(value(r#"storage_table_size_bytes{layer="mine",table="prices"}"#), bytes as f64);
    assert_eq!(value(r#"storage_snapshot_count{layer="silver",table="labels_v10"}"#), 1.0);
    assert_eq!(value(r#"storage_write_duration_seconds_count{layer="mine",operation="upsert-table"}"#), 1.0);
    assert_eq!(value(r#"storage_write_duration_seconds_count{layer="silver",operation="ingest-releases"}"#), 3.0);
    assert_eq!(value(r#"lake_failed_checks{severity="critical"}"#), 0.0);
    assert_eq!(value("lake_runs"), 3.0);
    assert!(value(r#"lake_task_duration_seconds{task="sanity-check"}"#) > 0.0);
    assert!(text.contains(r#"lake_published_month_age_seconds{month="2026-11"}"#));

    let stream = lake.call("export-metrics", &["--to", "-"]).run().expect_status(0).stdout;
    assert!(stream.starts_with("# HELP"), "{stream}");
    let inside = lake.path("_meta/lake.prom");
    lake.call("export-metrics", &["--to", inside.to_str().unwrap()]).run().expect_status(2);
}

/// Serves a text to every request until the process ends.
fn serve(text: String) -> u16 {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = listener.local_addr().unwrap().port();
    thread::spawn(move || {
        for mut connection in listener.incoming().flatten() {
            let _ = connection.read(&mut [0; 4096]);
            let head = format!("HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\nContent-Length: {}\r\n\r\n", text.len());
            let _ = connection.write_all(format!("{head}{text}").as_bytes());
        }
    });
    port
}

/// A program that is killed with the test.
struct Running(Child);

impl Drop for Running {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

#[test]
fn prometheus_takes_the_metrics_the_rules_and_every_query_of_the_dashboard() {
    let installed = Command::new("promtool").arg("--version").output().is_ok_and(|output| output.status.success());
    if !installed {
        return skipped("promtool is missing; apt-get install prometheus");
    }
    let lake = published();
    let dir = Dir::new();
    let script = format!(
        "cd {} && set -e\n{}",
        dir.path("").display(),
        include_str!("../../../examples/monitoring/README.md").split("```").nth(1).unwrap().trim_start_matches("sh\n")
    );
    for file in ["alerts.yml", "alerts_test.yml"] {
        fs::copy(example(file), dir.path(file)).unwrap();
    }
    let programs = crate::support::binary("query").parent().map(Path::to_owned).unwrap();
    let path = format!("{}:{}", programs.display(), std::env::var("PATH").unwrap_or_default());
    let script = script.replace("/data/lake", lake.root().to_str().unwrap());
    dir.command("bash").args(&["-c", &script]).env("PATH", path).run().expect_status(0);

    let check = format!("promtool check metrics < {}", dir.path("lake.prom").display());
    let checked = dir.command("bash").args(&["-c", &check]).run();
    let names: Vec<_> = checked.stderr.lines().filter_map(|line| line.split(' ').next()).collect();
    assert_eq!(names, ["storage_snapshot_count", "storage_table_rows_count"], "{}", checked.stderr);

    let port = serve(fs::read_to_string(dir.path("lake.prom")).unwrap());
    let free = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    let config = format!(
        "global: {{scrape_interval: 1s}}\nrule_files: [alerts.yml]\nscrape_configs:\n  - job_name: lake\n    \
         static_configs: [{{targets: ['127.0.0.1:{port}']}}]\n"
    );
    fs::write(dir.path("prometheus.yml"), config).unwrap();
    let _prometheus = Running(
        Command::new("prometheus")
            .arg(format!("--config.file={}", dir.path("prometheus.yml").display()))
            .arg(format!("--storage.tsdb.path={}", dir.path("data").display()))
            .arg(format!("--web.listen-address={free}"))
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .unwrap(),
    );
    let query = |expression: &str| -> Vec<Value> {
        let url = format!("http://{free}/api/v1/query");
        let asked = ureq::get(&url).query("query", expression).call();
        let Ok(mut answer) = asked else { return Vec::new() };
        let answer: Value = serde_json::from_str(&answer.body_mut().read_to_string().unwrap()).unwrap();
        answer["data"]["result"].as_array().cloned().unwrap_or_default()
    };
    eventually("Prometheus has read the lake", || !query("lake_runs").is_empty());
    let rows = query(r#"storage_table_rows_count{layer="mine",table="prices"}"#);
    assert_eq!(rows[0]["value"][1], "2", "{rows:?}");
    let dashboard: Value = serde_json::from_slice(&fs::read(example("dashboard.json")).unwrap()).unwrap();
    for panel in dashboard["panels"].as_array().unwrap() {
        let expression = panel["targets"][0]["expr"].as_str().unwrap();
        assert!(!query(expression).is_empty(), "{}: {expression} has no result", panel["title"]);
    }
}
