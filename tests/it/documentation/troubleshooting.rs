use std::fs;
use std::path::Path;

/// Messages that the operating system words.
const OF_THE_SYSTEM: [&str; 3] = ["No space left on device", "Too many open files", "Read-only file system"];

/// Each message of the page is in a string of the code, `…` standing for what the code fills in.
#[test]
fn every_message_is_one_of_the_code() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let page = fs::read_to_string(root.join("docs/troubleshooting.md")).unwrap();
    let code = code(root);
    let mut messages = 0;
    for row in page.split("| message |").skip(1).flat_map(str::lines).filter(|line| line.starts_with("| `")) {
        let message = row.split('`').nth(1).unwrap();
        messages += 1;
        let known = OF_THE_SYSTEM.contains(&message) || code.iter().any(|line| contains_in_order(line, message));
        assert!(known, "no task reports {message:?}; docs/troubleshooting.md has to follow the code");
    }
    assert!(messages >= 20, "the page has lost its messages");
}

/// The lines of every source file, with strings that continue on the next line joined.
fn code(root: &Path) -> Vec<String> {
    let files = ["src", "crates"].into_iter().flat_map(|folder| super::rust_files(&root.join(folder)));
    files.flat_map(|path| joined_lines(&fs::read_to_string(path).unwrap())).collect()
}

fn joined_lines(text: &str) -> Vec<String> {
    let mut lines: Vec<String> = Vec::new();
    let mut continues = false;
    for line in text.lines() {
        match (continues, lines.last_mut()) {
            (true, Some(last)) => last.push_str(line.trim_start()),
            _ => lines.push(line.to_owned()),
        }
        continues = line.ends_with('\\');
        if let (true, Some(last)) = (continues, lines.last_mut()) {
            last.pop();
        }
    }
    lines
}

fn contains_in_order(line: &str, message: &str) -> bool {
    let mut rest = line;
    message.split('…').map(str::trim).filter(|part| !part.is_empty()).all(|part| match rest.split_once(part) {
        Some((_, after)) => {
            rest = after;
            true
        }
        None => false,
    })
}
