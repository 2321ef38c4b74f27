//! On dumps: real ones, and invented ones of every layout.

use std::fs::File;
use std::io::Read;
use std::path::{Path, PathBuf};
use std::process::Command;

use flate2::read::MultiGzDecoder;

use super::{Verdict, compare};
use crate::support::sample_dumps;

/// The dumps and loose records below a folder.
fn documents(folder: &Path) -> Vec<PathBuf> {
    let entries = walkdir::WalkDir::new(folder).sort_by_file_name();
    let paths = entries.into_iter().map(|entry| entry.unwrap().into_path());
    paths
        .filter(|path| path.to_string_lossy().ends_with(".xml.gz") || path.extension().is_some_and(|end| end == "xml"))
        .collect()
}

fn text_of(path: &Path) -> String {
    let mut bytes = Vec::new();
    let file = File::open(path).unwrap();
    if path.extension().is_some_and(|end| end == "gz") {
        MultiGzDecoder::new(file).read_to_end(&mut bytes).unwrap();
    } else {
        std::io::BufReader::new(file).read_to_end(&mut bytes).unwrap();
    }
    String::from_utf8_lossy(&bytes).into_owned()
}

/// Some samples begin with an XML declaration, which is no part of a block.
fn without_declaration(text: &str) -> &str {
    let text = text.trim_start_matches('\u{feff}').trim_start();
    match text.strip_prefix("<?xml") {
        Some(rest) => rest.split_once("?>").unwrap().1,
        None => text,
    }
}

#[test]
fn all_real_records_give_the_same_tokens() {
    let Some(folder) = sample_dumps() else { return };
    let paths = documents(&folder);
    assert!(paths.len() >= 12, "{} documents in {}", paths.len(), folder.display());
    for path in paths {
        let text = text_of(&path);
        assert_eq!(compare(without_declaration(&text)), Verdict::Read, "{}", path.display());
    }
}

#[test]
fn generated_dumps_of_every_layout_give_the_same_tokens() {
    for layout in ["current", "2020", "2017"] {
        let root = tempfile::tempdir().unwrap();
        let status = Command::new(crate::support::program("generate-dumps"))
            .args(["--dump-month", "2026-08", "--releases", "600", "--unknown-element=true", "--layout", layout])
            .arg("--raw-root")
            .arg(root.path())
            .output()
            .unwrap()
            .status;
        assert!(status.success());
        let paths = documents(root.path());
        assert_eq!(paths.len(), 4);
        for path in paths {
            assert_eq!(compare(&text_of(&path)), Verdict::Read, "{layout} {}", path.display());
        }
    }
}
