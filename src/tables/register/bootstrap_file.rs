//! The file with the statements for Trino's command line: in the lake's `_meta`, or at a path outside the runs.

use std::fs;
use std::io::Write;
use std::path::{Path, PathBuf};

use anyhow::Context;

use crate::lake::{Lake, Output, open_stream, output_file, rename, write_new_file};
use digdag_task::stop::Unfinished;

const NAME: &str = "bootstrap_discogs.sql";

/// Writes the file under a temporary name, renames it, and returns its path.
pub(super) fn write(lake: &Lake, given: Option<&Path>, script: &str) -> anyhow::Result<PathBuf> {
    let Some(given) = given else { return lake.keep_file(NAME, script.as_bytes()) };
    let place = match output_file(given)? {
        Output::Stream(stream) => {
            let written = open_stream(&stream)?.write_all(script.as_bytes());
            written.with_context(|| format!("cannot write to {}", stream.display()))?;
            return Ok(stream);
        }
        Output::File(place) | Output::Folder(place) => place,
    };
    let name = place.file_name().unwrap_or_default().to_string_lossy();
    let unfinished = place.with_file_name(format!(".{name}.{}", std::process::id()));
    let _unfinished = Unfinished::new(&unfinished);
    let written = write_new_file(&unfinished, script.as_bytes(), 0o666).and_then(|()| rename(&unfinished, &place));
    if written.is_err() {
        // The error of writing is the one to report.
        let _ = fs::remove_file(&unfinished);
    }
    written.map(|()| place)
}
