//! Names whose case or order differs between engines: both build equal tables.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

use discogs_lakehouse::contract::Contract;
use discogs_lakehouse::sql::{DuckDb, Engine, EngineParameters};

use super::build::{expect_same_tables, filter_and_dictionary};
use super::stack::{LARGE, SMALL, Stack, path, run_id};
use crate::support::{Finished, TestCommand, gzip};

const NAMES: [&str; 30] = [
    "Ricky (6)",
    "Ricky (２)",
    "Ricky (٣)",
    "Ricky (1) (2)",
    "(7)",
    "Line&#10;End (2)&#10;Not At The End",
    "Tab&#9;&#9;And  Spaces   Twice (3)",
    "No\u{a0}\u{a0}Break",
    "\u{a0}No Break At The Ends (4)\u{a0}",
    "Em\u{2003}\u{2003}Space",
    "Figure\u{2007}Narrow\u{202f}Ideographic\u{3000}",
    "Line\u{2028}Separator (5)",
    "Next\u{85}Line (5)",
    "Zero\u{200b}Width\u{feff} (6)\u{200b}",
    "İSTANBUL ISTANBUL ıi",
    "ẞ GROẞ STRASSE",
    "ΟΔΥΣΣΕΥΣ ΣΑΣ",
    "E\u{301}COLE Å A\u{30a}",
    "\u{10400}\u{10401} DESERET",
    "\u{1e900} ADLAM 👩‍👩‍👧 (8)",
    "Ǆ ǅ ǆ ŉ ﬀ",
    "K KELVIN Å ANGSTROM Ω OHM",
    "ᏣᎳᎩ ꭰ ᾼ ᾈ",
    "Ა Ⴀ ა",
    "It's \"Quoted\" \\d \\1 $1 {table}",
    "％ＦＵＬＬ　ＷＩＤＴＨ",
    "abc ABC",
    "ABC abc",
    "Ａ after \u{10000}",
    "\u{fffd} Replaced",
];

/// The dumps of a month in which each name is that of an artist, of a label, and what a release is credited to.
fn write_dumps(raw_root: &Path, month: &str) {
    let folder = raw_root.join(month);
    let artist = |(id, name): (usize, &str)| {
        format!("<artist><id>{id}</id><name>{name}</name><realname>{name} Too</realname></artist>")
    };
    let label = |(id, name): (usize, &str)| format!("<label><id>{id}</id><name>{name}</name></label>");
    let release = |(id, name): (usize, &str)| {
        let attribute = name.replace('"', "&quot;");
        format!(
            "<release id=\"{id}\" status=\"Accepted\"><artists><artist><id>{id}</id><name>{name}</name></artist></artists>\
             <title>{name}</title><labels><label name=\"{attribute}\" catno=\"{attribute}\" id=\"{id}\"/>\
             <label name=\"abc ABC\" catno=\"none\" id=\"27\"/></labels>\
             <genres><genre>{name}</genre></genres><styles><style>{name}</style></styles></release>"
        )
    };
    let master = "<master id=\"1\"><main_release>1</main_release><title>One</title></master>".to_owned();
    let all = |record: &dyn Fn((usize, &str)) -> String| {
        NAMES.iter().enumerate().map(|(index, name)| record((index + 1, name))).collect::<String>()
    };
    fs::create_dir_all(&folder).unwrap();
    for (entity, records) in
        [("artists", all(&artist)), ("labels", all(&label)), ("masters", master), ("releases", all(&release))]
    {
        let file = folder.join(format!("discogs_{}01_{entity}.xml.gz", month.replace('-', "")));
        fs::write(file, gzip(format!("<{entity}>\n{records}\n</{entity}>\n"))).unwrap();
    }
}

fn task(stack: &Stack, name: &str, run: &str, arguments: &[&str]) -> Finished {
    let program = Path::new(env!("CARGO_BIN_EXE_preflight")).with_file_name(name);
    let mut command = TestCommand::new(&program, stack.folder());
    command.args(&["--lake", path(stack.folder()), "--run-id", run]).args(arguments).run()
}

#[test]
fn both_engines_build_the_same_of_names_on_which_they_differ() {
    let Some(stack) = Stack::new() else { return };
    let raw = tempfile::tempdir().unwrap();
    let (by_duckdb, by_trino) = (SMALL, LARGE);
    for run in [by_duckdb, by_trino] {
        let month = &run[..7];
        write_dumps(raw.path(), month);
        let begin = ["--dump-month", month, "--raw-root", path(raw.path()), "--min-free", "0"];
        task(&stack, "preflight", run, &begin).expect_status(0);
        for entity in ["artists", "labels", "masters", "releases"] {
            task(&stack, &format!("ingest-{entity}"), run, &[]).expect_status(0);
        }
    }
    task(&stack, "build-warehouse", by_duckdb, &[]).expect_status(0);
    let build = env!("CARGO_BIN_EXE_build-warehouse");
    stack.task(build, &["--run-id", by_trino, "--engine", "trino"]).expect_status(0);
    expect_same_tables(&stack, by_trino, by_duckdb);

    let run = stack.lake().run(&run_id(by_trino)).unwrap();
    for table in Contract::load().unwrap().tables_of("build-warehouse") {
        let files = run.dataset_files(&run.dataset(&table.folder()).unwrap().unwrap());
        for column in &table.columns {
            // Where values repeat Trino writes a dictionary, and no filter beside it.
            let (filter, dictionary) = filter_and_dictionary(&files[0], &column.name);
            assert_eq!(filter, column.bloom_filter && !dictionary, "{}.{}", table.name, column.name);
            assert!(filter || column.name != "norm_name");
        }
    }
    let engine = duckdb();
    let map = Contract::load().unwrap().table("artist_name_map_v1").unwrap().clone();
    engine.mount("map", &run.dataset_files(&run.dataset(&map.folder()).unwrap().unwrap())).unwrap();
    let rows = engine.rows("SELECT norm_name FROM map WHERE artist_id <= 7", "a test").unwrap();
    let names: Vec<_> = rows.into_iter().flatten().flatten().collect();
    for name in
        ["ricky ", "ricky (２)", "ricky (٣)", "ricky (1) ", "line end (2)\nnot at the end", "tab and  spaces   twice "]
    {
        assert!(names.contains(&name.to_owned()), "{name:?} is not in {names:?}");
    }

    // What Trino built, DuckDB's checks find right. (Those of Trino are held to DuckDB's in report.rs, and take minutes.)
    let finished = task(&stack, "sanity-check", by_trino, &["--environment", "sample"]);
    assert!([Some(0), Some(3)].contains(&finished.status), "{}", finished.stderr);
    let mut report = csv::Reader::from_path(finished.json()["report"].as_str().unwrap()).unwrap();
    let found: BTreeMap<_, _> =
        report.records().map(Result::unwrap).map(|row| (row[0].to_owned(), row[3].to_owned())).collect();
    for name in ["artist_name_map_v1.agrees", "release_artists_v1.agrees", "release_style_xref_v1.style_norm"] {
        assert_eq!(found[&format!("warehouse.{name}")].to_lowercase(), "true", "{name}");
    }
}

fn duckdb() -> DuckDb {
    let parameters = EngineParameters::new("1GiB".parse().unwrap(), Some(1));
    DuckDb::open(&parameters, &std::env::temp_dir()).unwrap()
}

/// Trino takes its letters from Java, so of every character: what is written in docs/trino.md.
#[test]
fn lower_case_differs_in_letters_of_unicode_16_alone() {
    let Some(stack) = Stack::new() else { return };
    let lower = |from: &str| {
        format!("SELECT i, lower(chr(i)) FROM {from} AS t(i) WHERE i > 0 AND lower(chr(i)) <> chr(i) ORDER BY i",)
    };
    // Surrogates are no characters.
    let high = "SELECT CASE WHEN 4096 * h + l BETWEEN 55296 AND 57343 THEN 32 ELSE 4096 * h + l END";
    let by_trino =
        lower(&format!("({high} FROM UNNEST(sequence(0, 271)) AS a(h) CROSS JOIN UNNEST(sequence(0, 4095)) AS b(l))"));
    let by_duckdb =
        lower(&format!("(SELECT CAST(i AS INTEGER) FROM ({high} AS i FROM range(272) AS a(h), range(4096) AS b(l)))"));
    let (by_trino, by_duckdb) = (stack.ask(&by_trino), duckdb().rows(&by_duckdb, "a test").unwrap());
    assert!(by_duckdb.len() > 1300);
    let differ = |of: &[Vec<Option<String>>], than: &[Vec<Option<String>>]| -> Vec<u32> {
        let differ = of.iter().filter(|row| !than.contains(row));
        differ.map(|row| row[0].as_ref().unwrap().parse().unwrap()).collect()
    };
    let unicode_16 = |letter: &u32| {
        [0x1c89, 0xa7cb, 0xa7cc, 0xa7da, 0xa7dc].contains(letter) || (0x10d50..=0x10d65).contains(letter)
    };
    let differ: Vec<_> = [differ(&by_trino, &by_duckdb), differ(&by_duckdb, &by_trino)].concat();
    let others: Vec<_> = differ.into_iter().filter(|letter| !unicode_16(letter)).collect();
    assert!(others.is_empty(), "lower() differs for {others:x?}");
}
