use std::fs;
use std::path::Path;

/// Each test that a page names, such as `kill::ingest` or `paths::links_within_…`, exists.
#[test]
fn tests_that_the_pages_name_exist() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let tests: String =
        super::rust_files(&root.join("tests/it")).map(|path| fs::read_to_string(path).unwrap()).collect();
    let page = fs::read_to_string(root.join("docs/faults.md")).unwrap();
    let mut named = 0;
    for span in page.split('`').skip(1).step_by(2).filter(|span| span.contains("::") && !span.contains('*')) {
        let name = span.rsplit("::").next().unwrap();
        let start = match name.strip_suffix('…') {
            Some(start) => format!("fn {start}"),
            None => format!("fn {name}("),
        };
        let module = format!("mod {name};");
        named += 1;
        assert!(
            tests.contains(&start) || tests.contains(&module),
            "docs/faults.md names the test {span}, which is missing"
        );
    }
    assert!(named >= 30, "the page has lost its tests");
}
