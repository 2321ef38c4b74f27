//! Verification of the dumps against their CHECKSUM files.

use crate::dump::{DumpSet, sha256_of_dump};
use digdag_task::{Amount, Call, Failure, InputFile, Observer};

/// Verifies the dumps against the CHECKSUM files that list them, and returns the number of listed dumps.
///
/// A dump with a remembered hash is not read again; any other takes about a second per gigabyte.
///
/// # Errors
/// Returns an error of class `Input` if a dump does not match its CHECKSUM file, and an error if a dump cannot be read.
pub(super) fn dumps(dumps: &DumpSet, call: &mut Call) -> anyhow::Result<usize> {
    // An object is read once, by its ingest, which compares it then.
    let listed = || {
        let files = dumps.files.values().filter(|file| file.object.is_none());
        files.filter_map(|file| Some((file, file.published_sha256.as_ref()?)))
    };
    for file in dumps.files.values() {
        let given = file.object.as_ref().and_then(|object| object.digest());
        if let (Some(given), Some(published)) = (given, &file.published_sha256)
            && given != published
        {
            return Err(Failure::input(format!(
                "{} does not match its CHECKSUM file: it was written with the sha256 {given}, published is {published}",
                file.path.display()
            ))
            .hint("send the dump again")
            .into());
        }
    }
    let total = listed().map(|(file, _)| file.bytes).sum();
    let progress = call.begin(Amount::bytes(total));
    let (mut before, mut count) = (0, 0);
    for (file, published) in listed() {
        let sha256 = sha256_of_dump(file, &mut |bytes| {
            progress.advance_to(before + bytes, &|| format!("verifying {}", file.name()));
        })?;
        if sha256 != *published {
            return Err(Failure::input(format!(
                "{} does not match its CHECKSUM file: its sha256 is {sha256}, published is {published}",
                file.path.display()
            ))
            .hint("fetch the dump again: download-dumps --do-download=true --replace=true")
            .into());
        }
        before += file.bytes;
        count += 1;
        call.add_input(InputFile { path: file.path.clone(), bytes: file.bytes, sha256 });
    }
    drop(progress);
    let unlisted: Vec<_> =
        dumps.files.values().filter(|file| file.published_sha256.is_none()).map(|file| file.name()).collect();
    if !unlisted.is_empty() {
        call.say(format_args!("not verified, no CHECKSUM file beside them lists them: {}", unlisted.join(", ")));
    }
    Ok(count)
}
