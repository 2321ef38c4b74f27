//! The CHECKSUM file of a month.

use std::collections::BTreeMap;
use std::path::Path;

use crate::lake::read_regular;
use digdag_task::Failure;

const FETCH_AGAIN: &str = "fetch the CHECKSUM file again";

/// Reads a CHECKSUM file: file name → sha256.
///
/// # Errors
/// Returns an I/O error if the file cannot be read, and an error of class `Input` if it is not text or has a line that
/// is not a sha256 and a file name.
pub fn read_checksums(path: &Path) -> anyhow::Result<BTreeMap<String, String>> {
    let bytes = read_regular(path)?;
    let text = String::from_utf8(bytes)
        .map_err(|_| Failure::input(format!("{} is not text", path.display())).hint(FETCH_AGAIN))?;
    Ok(parse_checksums(&text, &path.display().to_string())?)
}

/// Like [`read_checksums`], but parses text; `origin` names its source in errors. The lines are in no particular order;
/// one or two spaces, or ` *`, separate hash and name.
///
/// # Errors
/// Returns an error of class `Input` if a line is not a sha256 and a file name.
pub fn parse_checksums(text: &str, origin: &str) -> Result<BTreeMap<String, String>, Failure> {
    let mut checksums = BTreeMap::new();
    for (number, line) in (1..).zip(text.lines()).filter(|(_, line)| !line.trim().is_empty()) {
        let entry = line.split_once(' ').map(|(sha256, name)| (sha256, name.trim_start_matches([' ', '*']).trim_end()));
        match entry {
            Some((sha256, name)) if is_sha256(sha256) && !name.is_empty() => {
                checksums.insert(name.to_owned(), sha256.to_ascii_lowercase());
            }
            _ => {
                return Err(
                    Failure::input(format!("{origin} line {number} is not a sha256 and a file name")).hint(FETCH_AGAIN)
                );
            }
        }
    }
    Ok(checksums)
}

fn is_sha256(text: &str) -> bool {
    text.len() == 64 && text.bytes().all(|byte| byte.is_ascii_hexdigit())
}
