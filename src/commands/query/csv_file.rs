//! The CSV that a query writes: whole, or not there, and never in a run.

use std::fs;
use std::io::Write;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;

use anyhow::Context;

use super::Answer;
use crate::lake::{Output, open_stream};
use digdag_task::stop::{self, Unfinished};

/// Writes the rows to a stream, or to a temporary file that is then renamed; returns the number of rows.
pub fn write(output: &Output, answer: &mut Answer<'_>) -> anyhow::Result<usize> {
    let place = output.path();
    let cannot = || format!("cannot write {}", place.display());
    if let Output::Stream(stream) = output {
        return write_rows(open_stream(stream)?, stream, answer);
    }
    // A signal in between would find the file and not know whose it is.
    let known = stop::hold();
    let file = tempfile::Builder::new()
        .prefix(".query.")
        .permissions(fs::Permissions::from_mode(0o666))
        .tempfile_in(place.parent().unwrap_or(Path::new(".")))
        .with_context(cannot)?;
    let _unfinished = Unfinished::new(file.path());
    drop(known);
    let rows = write_rows(file.as_file(), place, answer)?;
    file.as_file().sync_all().with_context(cannot)?;
    let _whole = stop::hold();
    file.persist(place).with_context(cannot)?;
    Ok(rows)
}

fn write_rows(target: impl Write, place: &Path, answer: &mut Answer<'_>) -> anyhow::Result<usize> {
    let cannot = || format!("cannot write {}", place.display());
    let mut csv = csv::Writer::from_writer(target);
    csv.write_record(answer.header()).with_context(cannot)?;
    let mut count = 0;
    while let Some(rows) = answer.next_rows()? {
        for row in &rows {
            csv.write_record(row.iter().map(|cell| cell.as_deref().unwrap_or_default())).with_context(cannot)?;
        }
        count += rows.len();
    }
    csv.flush().with_context(cannot)?;
    Ok(count)
}
