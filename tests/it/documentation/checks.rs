use std::fs;
use std::path::Path;

/// The example that docs/checks.md shows is the file that it names.
#[test]
fn the_example_of_a_check_is_a_file_of_the_project() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let page = fs::read_to_string(root.join("docs/checks.md")).unwrap();
    let name = page.split("This one is `").nth(1).and_then(|rest| rest.split('`').next()).unwrap();
    let file = fs::read_to_string(root.join(name)).unwrap();
    let shown: String = file.lines().map(|line| format!("    {line}\n")).collect();
    assert!(page.contains(&shown), "docs/checks.md does not show {name} as it is");
}
