//! The number `format` in `_run.json`, `_dataset.json` and `_manifest.json`: a file of a newer version is refused before
//! it is parsed, because what it means may have changed.

use std::path::Path;

use serde::Deserialize;

use super::Error;

#[derive(Deserialize)]
struct Versioned {
    format: Option<u64>,
}

/// Refuses a JSON text whose `format` is greater than `known`. A text without the number passes; parsing it fails with a
/// better reason.
pub(super) fn refuse_newer(path: &Path, text: &[u8], known: u32) -> Result<(), Error> {
    match serde_json::from_slice::<Versioned>(text) {
        Ok(Versioned { format: Some(found) }) if found > u64::from(known) => {
            Err(Error::NewerFormat { path: path.to_owned(), found, known })
        }
        _ => Ok(()),
    }
}
