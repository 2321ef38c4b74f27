use std::fs;
use std::path::{Path, PathBuf};

use crate::support::Dir;

/// The pages whose commands run.
const PAGES: [&str; 2] = ["README.md", "docs/monthly.md"];

/// A fenced block of a page: its language and its text.
struct Block {
    language: String,
    text: String,
}

fn blocks() -> Vec<Block> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let pages = PAGES.map(|page| fs::read_to_string(root.join(page)).unwrap()).concat();
    let mut blocks = Vec::new();
    let mut open: Option<Block> = None;
    for line in pages.lines() {
        match (&mut open, line.strip_prefix("```")) {
            (None, Some(language)) => open = Some(Block { language: language.to_owned(), text: String::new() }),
            (Some(_), Some("")) => blocks.extend(open.take()),
            (Some(block), _) => block.text.push_str(&format!("{line}\n")),
            (None, None) => {}
        }
    }
    blocks
}

/// Moves the absolute paths of a page into a folder of the test.
fn in_folder(dir: &Dir, text: &str) -> String {
    let here = dir.path("").to_string_lossy().trim_end_matches('/').to_owned();
    let at = |text: &str, path: &str, there: &str| text.replace(path, &format!("{here}{there}"));
    at(&at(&at(text, "/tmp/", "/tmp/"), "/data/", "/data/"), "/srv/discogs/", "/")
}

/// Runs a script whose absolute paths are moved into a folder of the test. `digdag` is the program that the variable DIGDAG
/// names, otherwise run-workflow.
fn shell(dir: &Dir, script: &str) -> String {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let programs = Path::new(env!("CARGO_BIN_EXE_query")).parent().unwrap();
    if !dir.path("digdag").exists() {
        let copied = dir.command("cp").args(&["-r", root.join("digdag").to_str().unwrap(), "."]).run();
        copied.expect_status(0);
        let digdag = std::env::var("DIGDAG").unwrap_or_else(|_| "run-workflow".to_owned());
        dir.create_program("bin/digdag", &format!("#!/bin/sh\nexec {digdag} \"$@\"\n"));
    }
    let here = dir.path("").to_string_lossy().trim_end_matches('/').to_owned();
    let script = in_folder(dir, script);
    let path = format!("{here}/bin:{}:{}", programs.display(), std::env::var("PATH").unwrap_or_default());
    let finished = dir
        .command("bash")
        .args(&["-euo", "pipefail", "-c", &script])
        .env("PATH", path)
        .env_remove("DISCOGS_DATA_LAKE")
        .run();
    assert_eq!(finished.status, Some(0), "{script}\n{}\n{}", finished.stdout, finished.stderr);
    finished.stdout
}

/// Publishes an invented month by the page's own commands and returns the lake.
pub fn published_lake(dir: &Dir) -> PathBuf {
    let by_hand = blocks().into_iter().find(|block| block.text.contains("generate-dumps")).unwrap();
    shell(dir, &by_hand.text);
    dir.path("data/lake")
}

#[test]
fn every_command_runs() {
    let dir = Dir::new();
    let blocks = blocks();
    let commands: Vec<_> = blocks.iter().filter(|block| block.language == "sh").collect();
    assert!(commands.len() >= 6, "the pages have lost their commands");
    published_lake(&dir);
    for block in commands {
        shell(&dir, &block.text);
    }
    // Runs in the folder of the run, as the README says; there the statement needs no lake.
    let lake = dir.path("data/lake");
    let statements: Vec<_> = blocks.iter().filter(|block| block.language == "sql").collect();
    assert_eq!(statements.len(), 1);
    for statement in statements {
        assert!(!statement.text.contains("active"), "a statement over active may mix two runs");
        let mut query = dir.command(env!("CARGO_BIN_EXE_query"));
        query.args(&["--lake", lake.to_str().unwrap(), "--sql", statement.text.trim().trim_end_matches(';')]);
        query.args(&["--csv", dir.path("answer.csv").to_str().unwrap()]).current_dir(&lake.join("active"));
        query.run().expect_status(0);
        assert_eq!(dir.read("answer.csv").lines().count(), 6, "a header and five rows");
    }
}

/// Runs two months by the pages' commands: each gets a run and its figures.
#[test]
fn a_new_month_begins_a_run_of_its_own() {
    let dir = Dir::new();
    let command = |part: &str| blocks().into_iter().find(|block| block.text.contains(part)).unwrap().text;
    let history = command("history_pipeline.dig");
    let november = command("digdag run main.dig").replace("-p dump_month", "-p environment=sample -p dump_month");
    let mut begun = Vec::new();
    for month in ["2026-11", "2026-12"] {
        shell(&dir, &format!("generate-dumps --raw-root /data/raw --dump-month {month} --releases 100"));
        shell(&dir, &november.replace("2026-11", month));
        begun.push(month.to_owned());
        assert_eq!(sealed_months(&dir), begun);
        shell(&dir, &history);
        let events = dir.path("data/lake/_meta/discogs_history/registry/run_registry_events");
        assert_eq!(fs::read_dir(events).unwrap().count(), begun.len());
    }
    // Without --session the command resumes the last session, whose work is done.
    let session = "--session \"$(date -u '+%F %T')\" ";
    assert!(november.contains(session));
    shell(&dir, &november.replace(session, "").replace("2026-11", "2026-12"));
    assert_eq!(sealed_months(&dir), begun);
}

fn sealed_months(dir: &Dir) -> Vec<String> {
    let runs = fs::read_dir(dir.path("data/lake/_runs")).unwrap().map(|entry| entry.unwrap().path());
    let sealed = runs.filter(|run| run.join("_manifest.json").is_file());
    let mut months: Vec<_> = sealed.map(|run| run.file_name().unwrap().to_str().unwrap()[..7].to_owned()).collect();
    months.sort();
    months
}

/// Runs the line for cron and the workflow for Digdag's scheduler on a small month.
#[test]
fn a_schedule_publishes_the_month() {
    let block = |language: &str| blocks().into_iter().find(|block| block.language == language).unwrap().text;
    let small = "-p environment=sample -p min_free=0";
    let published = |dir: &Dir| fs::read_link(dir.path("data/lake/active")).unwrap();

    let dir = Dir::new();
    let month = shell(&dir, "date +%Y-%m").trim().to_owned();
    shell(&dir, &format!("generate-dumps --raw-root /data/raw --dump-month {month} --releases 100"));
    let line = block("crontab").replace("\\%", "%");
    let command = line.splitn(6, ' ').nth(5).unwrap().trim_end().to_owned();
    // On the second day there is nothing left to do.
    for _ in 0..2 {
        shell(&dir, &format!("{command} {small}"));
        assert!(published(&dir).to_str().unwrap().starts_with(&format!("_runs/{month}__")));
        assert_eq!(sealed_months(&dir), [month.as_str()]);
    }

    let dir = Dir::new();
    shell(&dir, "generate-dumps --raw-root /data/raw --dump-month 2026-10 --releases 100");
    let workflow = in_folder(&dir, &block("yaml"));
    let expression = "${session_date.slice(0, 7)}";
    assert!(workflow.contains(expression));
    let evaluated = std::env::var_os("DIGDAG").is_some();
    // `run-workflow` refuses a schedule by its line, and evaluates no function. The rest of the workflow it runs as it is.
    let schedule = "schedule:\n  monthly>: 8,03:00:00\n\n";
    assert!(workflow.contains(schedule));
    let workflow = match evaluated {
        true => workflow,
        false => workflow.replace(schedule, "").replace(expression, "\"2026-10\""),
    };
    dir.create("digdag/monthly.dig", &workflow);
    shell(&dir, &format!("cd digdag && digdag run monthly.dig --session 2026-10-01 {small}"));
    assert_eq!(published(&dir), Path::new("_runs/2026-10__20261001_000000"));
}

/// Lists the blocks that no test runs as they are: two commands, one of which runs this test, a line for cron, a workflow.
#[test]
fn what_is_not_run_is_known() {
    let rest: Vec<_> = blocks().into_iter().filter(|block| !["sh", "sql"].contains(&block.language.as_str())).collect();
    let texts: Vec<_> =
        rest.iter().filter(|block| block.language == "console").map(|block| block.text.trim()).collect();
    assert_eq!(texts, ["scripts/demo", "scripts/test"]);
    assert!(rest.iter().all(|block| ["console", "crontab", "yaml"].contains(&block.language.as_str())));
}

#[test]
fn every_task_is_named() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let readme = fs::read_to_string(root.join("README.md")).unwrap();
    for entry in fs::read_dir(root.join("src/bin")).unwrap() {
        let name = entry.unwrap().path().file_stem().unwrap().to_string_lossy().into_owned();
        assert!(readme.contains(&name), "the README does not name {name}");
    }
}

/// A relative link leads to a file of the project.
#[test]
fn links_between_pages_lead_somewhere() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let docs = fs::read_dir(root.join("docs")).unwrap().map(|entry| entry.unwrap().path());
    let top = fs::read_dir(root).unwrap().map(|entry| entry.unwrap().path());
    let mut links = 0;
    for page in docs.chain(top).filter(|path| path.extension().is_some_and(|extension| extension == "md")) {
        let text = fs::read_to_string(&page).unwrap();
        for target in text.split("](").skip(1).filter_map(|rest| rest.split_once(')')).map(|(target, _)| target) {
            let file = target.split('#').next().unwrap_or_default();
            if file.is_empty() || target.contains("://") {
                continue;
            }
            links += 1;
            assert!(page.parent().unwrap().join(file).exists(), "{} links to {target}", page.display());
        }
    }
    assert!(links > 20, "the pages have lost their links");
}

/// A path that a page names in code, without a placeholder, exists.
#[test]
fn paths_that_the_pages_name_exist() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let rooms = ["src/", "crates/", "sql/", "tests/", "scripts/", "docs/", "digdag/", "bench/", "examples/"];
    let mut pages: Vec<PathBuf> = fs::read_dir(root.join("docs")).unwrap().map(|entry| entry.unwrap().path()).collect();
    pages.extend(["README.md", "CONTRIBUTING.md", "SECURITY.md"].map(|page| root.join(page)));
    let mut named = 0;
    for page in pages.iter().filter(|path| path.extension().is_some_and(|extension| extension == "md")) {
        let text = fs::read_to_string(page).unwrap();
        for line in text.lines().filter(|line| !line.starts_with("    ")) {
            for path in
                line.split('`').skip(1).step_by(2).filter(|span| rooms.iter().any(|room| span.starts_with(room)))
            {
                if path.contains(['<', '*', '…', '{', ' ']) {
                    continue;
                }
                named += 1;
                assert!(root.join(path).exists(), "{} names {path}, which is missing", page.display());
            }
        }
    }
    assert!(named > 20, "the pages have lost their paths");
}
