//! The promises of every binary of `src/bin`, and of `lakehouse-server`. A new one is found by its file, and needs a call
//! that succeeds here.

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;

use serde_json::Value;

use crate::support::{Dir, RUN, TestCommand, TestLake, binary, month};

fn binaries() -> BTreeSet<String> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("src/bin");
    let names = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path());
    let names = names.map(|path| path.file_stem().unwrap().to_string_lossy().into_owned());
    names.chain(["lakehouse-server".to_owned()]).collect()
}

#[test]
fn help_says_what_a_binary_reads_and_writes_and_gives_an_example() {
    for name in binaries() {
        let help = Dir::new().command(binary(&name)).args(&["--help"]).run().expect_status(0);
        for part in ["Usage:", "Example", &format!("  {name} "), "Exit status:", "--version"] {
            assert!(help.stdout.contains(part), "{name} --help has no {part}:\n{}", help.stdout);
        }
        assert_eq!(help.stderr, "", "{name}");
    }
}

/// A bare flag could be given by hand only: JSON and environment have values.
#[test]
fn every_parameter_takes_a_value() {
    for name in binaries().iter().filter(|name| *name != "run-workflow") {
        let help = Dir::new().command(binary(name)).args(&["--help"]).run().expect_status(0).stdout;
        let options = help
            .split("Example")
            .next()
            .unwrap()
            .lines()
            .map(str::trim_start)
            .filter(|line| line.starts_with("--") || line.starts_with("-h"));
        let options: Vec<_> = options.chain(["-V, --version"]).collect();
        let bare: Vec<_> = options.iter().filter(|line| !line.contains('<')).copied().collect();
        // A value may stand behind a space as well as behind =.
        let glued: Vec<_> = options.iter().filter(|line| line.contains("[=<")).collect();
        assert!(glued.is_empty(), "{name}: {glued:?}");
        assert_eq!(bare, ["-h, --help", "-V, --version"], "{name}");
    }
}

#[test]
fn version_is_that_of_the_crate() {
    for name in binaries() {
        let version = Dir::new().command(binary(&name)).args(&["--version"]).run().expect_status(0);
        assert_eq!(version.stdout, format!("{name} {}\n", env!("CARGO_PKG_VERSION")));
    }
}

#[test]
fn a_wrong_call_is_one_line_on_each_output() {
    for name in binaries() {
        let finished = Dir::new().command(binary(&name)).args(&["--no-such-flag"]).run().expect_status(2);
        let line = finished.json();
        expect_outcome(&name, &line);
        assert_eq!(line["status"], "failed", "{name}");
        assert_eq!(line["error"]["class"], "parameters", "{name}");
        assert!(line["error"]["hint"].is_string(), "{name} gives no advice");
        finished.expect_one_line(&[&format!("{name}: "), "--no-such-flag"]);
    }
}

#[test]
fn a_task_that_succeeds_reports_every_field() {
    let lake = TestLake::new();
    let raw_root = month().raw_root().to_str().unwrap();
    lake.write("main.dig", "+a:\n  echo>: hello\n");
    let mut left = binaries();
    let mut succeeds = |name: &str, arguments: &[&str]| {
        let mut command: TestCommand = lake.task(name);
        let finished = command.args(arguments).run().expect_status(0);
        let line = finished.json();
        expect_outcome(name, &line);
        assert_eq!(line.get("error"), None, "{name}");
        assert_ne!(line["status"], "failed", "{name}");
        left.remove(name);
    };
    let generated = lake.write("raw/empty", "");
    let generated = generated.parent().unwrap().to_str().unwrap();
    succeeds("generate-dumps", &["--raw-root", generated, "--dump-month", "2026-10", "--releases", "10"]);
    succeeds("download-dumps", &["--raw-root", generated, "--dump-month", "2026-10"]);
    succeeds("preflight", &["--run-id", RUN, "--dump-month", "2026-11", "--raw-root", raw_root, "--min-free", "0"]);
    succeeds("contract", &[]);
    succeeds("sample-dumps", &["--run-id", RUN, "--do-xml-tests", "true", "--xml-test-records", "20"]);
    for task in ["ingest-artists", "ingest-labels", "ingest-masters", "ingest-releases", "ingest-collection"] {
        succeeds(task, &["--run-id", RUN]);
    }
    succeeds("append-bronze-dump", &["--run-id", RUN, "--bronze", "changes"]);
    let restored = lake.root().with_file_name("restored");
    succeeds("restore-dump", &["--dump-month", "2026-11", "--raw-root", restored.to_str().unwrap()]);
    succeeds("build-warehouse", &["--run-id", RUN]);
    succeeds("sanity-check", &["--run-id", RUN, "--environment", "sample"]);
    succeeds("stage-tables", &["--run-id", RUN]);
    succeeds("promote", &["--run-id", RUN, "--run-mode", "prod", "--allow-promote"]);
    succeeds("rollback", &["--to-run-id", RUN]);
    succeeds("report-active", &["--environment", "sample"]);
    succeeds("register-tables", &[]);
    succeeds("query", &["--name", "01_dataset_overview"]);
    let database = lake.root().with_file_name("discogs.sqlite");
    succeeds("export-database", &["--to", database.to_str().unwrap()]);
    succeeds("table-history", &["--table", "releases_v6"]);
    succeeds("rollback-table", &["--to", &format!("run_{RUN}")]);
    succeeds("rebuild-catalog", &[]);
    succeeds("move-catalog", &["--to", "sqlite"]);
    let store = lake_catalog::Store::Sqlite(lake.path("_meta/catalog.sqlite"));
    let columns = [("id", lake_catalog::PrimitiveType::Int)];
    crate::faults::create_own_table(&store, &lake.root(), "sales", &columns);
    succeeds("alter-table", &["--table", "mine.sales", "--changes", "widen id to bigint"]);
    let input = lake.write("own.csv", "id\n1\n");
    succeeds("upsert-table", &["--table", "mine.own", "--from", input.to_str().unwrap(), "--key", "id"]);
    succeeds("append-bronze", &["--table", "bronze.mine_own", "--from", input.to_str().unwrap()]);
    let text = "source: bronze.mine_own\ntarget: mine.refined\nkey: [id]\ncolumns: [{name: id, type: bigint}]\n";
    let declaration = lake.write("own.yml", text);
    succeeds("refine-table", &["--declaration", declaration.to_str().unwrap()]);
    let changes = lake.root().with_file_name("changes.ndjson");
    let output = ["--output", changes.to_str().unwrap()];
    succeeds("read-changes", &[&["--table", "mine.own", "--from", "start"], &output[..]].concat());
    succeeds("maintain-tables", &["--tables", "mine.own"]);
    let aggregate = ["--from", "mine.own", "--table", "mine.by_id", "--by", "id", "--agg", "n=count"];
    succeeds("aggregate-table", &aggregate);
    succeeds("build-gold", &["--tables", "style_trend"]);
    succeeds("enforce-retention", &["--runs", "true"]);
    let metrics = lake.root().with_file_name("lake.prom");
    succeeds("export-metrics", &["--to", metrics.to_str().unwrap()]);
    succeeds("verify-run", &["--run-id", RUN]);
    succeeds("upload-run", &["--run-id", RUN]);
    succeeds("lake-status", &[]);
    succeeds("prune-runs", &["--keep", "3"]);
    succeeds("update-run-registry", &[]);
    succeeds("compute-kpis", &[]);
    succeeds("export-history", &[]);
    succeeds("diff-runs", &["--from-run-id", RUN, "--to-run-id", RUN]);
    succeeds("write-manuals", &["--output", generated]);
    succeeds("run-workflow", &["main.dig", "--no-save"]);
    // lakehouse-server runs until it is stopped; its tests are in tests/it/server.
    assert!(left.remove("lakehouse-server"));
    // download-run does nothing without a warehouse; its tests are in tests/it/store.
    assert!(left.remove("download-run"));
    assert!(left.is_empty(), "not tried; add a call above: {left:?}");
}

#[track_caller]
fn expect_outcome(name: &str, line: &Value) {
    assert_eq!(line["task"], name);
    assert_eq!(line["version"], env!("CARGO_PKG_VERSION"), "{name}");
    assert!(line["seconds"].is_number(), "{name}");
    if name == "run-workflow" {
        // It is no task: it has no run, and lists the tasks that it ran.
        assert!(line["tasks"].is_array());
        return;
    }
    assert!(line.get("run_id").is_some(), "{name}");
    let started = line["started"].as_str().unwrap();
    assert!(started.len() > 20 && started.ends_with('Z'), "{name}: {started}");
    assert!(line["inputs"].is_array() && line["tables"].is_array(), "{name}");
    assert!(line["anomalies"].is_object(), "{name}");
    assert!(line["metrics"]["peak_memory_bytes"].is_number(), "{name}");
    for input in line["inputs"].as_array().unwrap() {
        assert!(input["path"].is_string() && input["bytes"].is_number(), "{name}");
        assert_eq!(input["sha256"].as_str().unwrap().len(), 64, "{name}");
    }
    for table in line["tables"].as_array().unwrap() {
        assert!(table["name"].is_string(), "{name}");
        for count in ["rows", "files", "bytes"] {
            assert!(table[count].is_u64(), "{name}: {count}");
        }
    }
}

/// Without a reset, clap puts every option behind those of Trino below their heading.
#[test]
fn options_stand_below_their_own_heading() {
    for name in binaries().iter().filter(|name| *name != "run-workflow") {
        let help = Dir::new().command(binary(name)).args(&["--help"]).run().expect_status(0).stdout;
        let Some((_, trino)) = help.split_once("\nTrino:\n") else { continue };
        let options = trino.lines().take_while(|line| line.is_empty() || line.starts_with(' ')).map(str::trim_start);
        let misplaced: Vec<_> =
            options.filter(|line| line.starts_with("--") && !line.starts_with("--trino-")).collect();
        assert!(misplaced.is_empty(), "{name}: {misplaced:?}");
    }
}

#[test]
fn value_names_are_in_one_style_and_each_parameter_names_its_variable() {
    for command in discogs_lakehouse::commands::all() {
        let name = command.get_name().to_owned();
        for arg in command.get_arguments() {
            for value in arg.get_value_names().into_iter().flatten() {
                assert_eq!(value.to_uppercase(), value.as_str(), "{name} --{}", arg.get_id());
            }
            let of_the_call = ["params", "result", "help", "version"].contains(&arg.get_id().as_str());
            let variable = arg.get_env().map(|env| env.to_string_lossy().into_owned());
            assert!(of_the_call || variable.is_some_and(|env| env.contains("DISCOGS_")), "{name} --{}", arg.get_id());
        }
    }
}

#[test]
fn a_misspelt_flag_or_value_is_told_with_the_one_that_was_meant() {
    let dir = Dir::new();
    let run = |arguments: &[&str]| dir.command(binary("promote")).args(arguments).run().expect_status(2);
    run(&["--alow-promote"]).expect_one_line(&["--alow-promote", "did you mean --allow-promote?"]);
    run(&["--run-mode", "prd"]).expect_one_line(&["run_mode (from the flag --run-mode)", "did you mean prod?"]);
}

#[test]
fn one_command_writes_manuals_and_completions() {
    let dir = Dir::new();
    dir.command(binary("write-manuals")).args(&["--output", "out"]).run().expect_status(0).expect_result("done");
    for command in discogs_lakehouse::commands::all() {
        let name = command.get_name();
        let manual = dir.read(&format!("out/man/man1/{name}.1"));
        assert!(manual.contains("\\-\\-params"), "{manual}");
        let completion = dir.read(&format!("out/completions/bash/{name}.bash"));
        assert!(completion.contains("--params"), "{name}");
    }
    for (name, option) in [("run-workflow", "session"), ("generate-dumps", "releases")] {
        assert!(dir.read(&format!("out/man/man1/{name}.1")).contains(&format!("\\-\\-{option}")), "{name}");
        assert!(dir.read(&format!("out/completions/fish/{name}.fish")).contains(option), "{name}");
    }
    let tasks = binaries().into_iter().filter(|name| !["run-workflow", "generate-dumps"].contains(&&**name));
    let known: BTreeSet<String> =
        discogs_lakehouse::commands::all().iter().map(|it| it.get_name().to_owned()).collect();
    assert_eq!(tasks.collect::<BTreeSet<_>>(), known, "add the new task to discogs_lakehouse::commands::all");
}

#[test]
fn manuals_are_not_written_into_a_lake_or_over_what_is_no_file() {
    let dir = Dir::new();
    fs::create_dir_all(dir.path("lake/_runs")).unwrap();
    let run = |output: &str| dir.command(binary("write-manuals")).args(&["--output", output]).run();
    run("lake/_runs/x").expect_status(2).expect_one_line(&["lake/_runs"]);
    fs::create_dir_all(dir.path("out")).unwrap();
    std::os::unix::fs::symlink(dir.path("lake/_runs"), dir.path("out/man")).unwrap();
    run("out").expect_status(2).expect_one_line(&["lake/_runs"]);
    assert_eq!(fs::read_dir(dir.path("lake/_runs")).unwrap().count(), 0);
    fs::remove_file(dir.path("out/man")).unwrap();
    fs::create_dir_all(dir.path("out/man/man1")).unwrap();
    std::os::unix::fs::symlink("/dev/null", dir.path("out/man/man1/promote.1")).unwrap();
    run("out").expect_status(2).expect_one_line(&["promote.1", "it is a device"]);
    run("").expect_status(2).expect_one_line(&["output"]);
}
