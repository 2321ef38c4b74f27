use std::fs;

use super::{empty, files, inventory, run, shell};

#[test]
fn the_last_result_is_exported_as_it_was_shown() {
    let lake = empty();
    let first = inventory(&lake, "first.csv", "1,A,9.50\n");
    let second = inventory(&lake, "second.csv", "2,B,1.00\n");
    let out = lake.beside("out");
    fs::create_dir(&out).unwrap();
    let at = |name: &str| out.join(name).to_str().unwrap().to_owned();
    // A row that is inserted between the statement and the export is not in the file.
    let commands = format!(
        "insert mine.x {first} key=listing_id; FROM mine.x; insert mine.x {second}; export {}; export {}; export {};\
         history mine.x; export '{}'; changes mine.x; export {}",
        at("a.csv"),
        at("a.json"),
        at("a.parquet"),
        at("his tory.csv"),
        at("changes.ndjson")
    );
    run(&lake, &commands).expect_stderr("a.csv: 1 row");
    let read = |name: &str| fs::read_to_string(at(name)).unwrap();
    assert_eq!(read("a.csv"), "listing_id,title,price\n1,A,9.50\n");
    assert_eq!(read("a.json"), "[\n{\"listing_id\":1,\"title\":\"A\",\"price\":9.50}\n]\n");
    assert_eq!((read("his tory.csv").lines().count(), read("changes.ndjson").lines().count()), (3, 2));
    let parquet = format!("SELECT title FROM read_parquet('{}');", at("a.parquet"));
    let shown = shell(&lake, &parquet).args(&["--allow-files", "--format", "csv"]).run().expect_status(0).stdout;
    assert_eq!(shown, "title\nA\n");
    assert_eq!(files(&out), ["a.csv", "a.json", "a.parquet", "changes.ndjson", "his tory.csv"]);

    let kept = shell(&lake, &format!("SELECT 1; export {}", at("a.csv"))).run().expect_status(2);
    kept.expect_stderr("a.csv exists; choose another name, or export");
    assert_eq!(read("a.csv").lines().count(), 2);
    run(&lake, &format!("SELECT 1 AS n; export {} --force", at("a.csv")));
    assert_eq!(read("a.csv"), "n\n1\n");
    for (commands, part) in [
        (format!("export {}", at("b.csv")), "no result to export yet"),
        (format!("SELECT 1; export {}", at("b.xlsx")), "does not say the format"),
        (format!("SELECT 1; export {}", lake.path("_runs/b.csv").display()), "_runs"),
        (format!("SELECT 1; export {}", at("none/b.csv")), "none"),
        (format!("SELECT nothing; export {}", at("b.csv")), "nothing"),
    ] {
        shell(&lake, &commands).run().expect_status(2).expect_stderr(part);
    }
    // A statement that fails after its first rows leaves nothing.
    let failing = format!(
        "SELECT CASE WHEN range > 100000 THEN error('late') ELSE range END FROM range(200000); export {}",
        at("late.csv")
    );
    assert_ne!(shell(&lake, &failing).args(&["--format", "csv", "--keep-going"]).run().status, Some(0));
    assert!(!files(&out).iter().any(|name| name.contains("late") || name.contains("unfinished")), "{:?}", files(&out));
}
