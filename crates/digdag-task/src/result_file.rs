//! The target of `--result`: a regular file, which appears whole, or a stream of this process.

use std::fs::{self, OpenOptions};
use std::io::{self, ErrorKind, Write};
use std::os::unix::fs::FileTypeExt;
use std::path::{Path, PathBuf};

use anyhow::Context;

use super::Failure;

/// A checked target of a result.
pub(super) enum ResultFile {
    /// A file that a rename replaces.
    File(PathBuf),
    /// A stream that is written to directly: `-`, `/dev/stdout`, `/dev/fd/N`.
    Stream(PathBuf),
}

impl ResultFile {
    /// Checks a path that `--result` names.
    ///
    /// # Errors
    /// Returns a failure of class `Parameters` for a folder, a device, a FIFO, a socket, a link that leads nowhere, and
    /// a path that `protected` names.
    pub fn new(path: &Path, protected: fn(&Path) -> Option<PathBuf>) -> Result<Self, Failure> {
        let refused = |why: String| {
            Failure::parameters(format!("--result {}: {why}", path.display())).hint("name a new file, or - for stdout")
        };
        if let Some(stream) = stream(path) {
            return Ok(ResultFile::Stream(stream));
        }
        let resolved = match fs::symlink_metadata(path) {
            Err(error) if error.kind() == ErrorKind::NotFound => path.to_owned(),
            Err(error) => return Err(refused(error.to_string())),
            Ok(_) => fs::canonicalize(path).map_err(|_| refused("it is a link that leads nowhere".to_owned()))?,
        };
        if let Ok(found) = fs::metadata(&resolved).map(|found| found.file_type())
            && !found.is_file()
        {
            return Err(refused(format!("it is {}, not a file", kind(found))));
        }
        let absolute = |path: &Path| {
            let parent = path.parent().filter(|parent| !parent.as_os_str().is_empty()).unwrap_or(Path::new("."));
            Some(fs::canonicalize(parent).ok()?.join(path.file_name()?))
        };
        let names = [absolute(path), absolute(&resolved)];
        match names.into_iter().flatten().find_map(|name| protected(&name)) {
            Some(folder) => Err(refused(format!("it lies in {}, which tasks alone write to", folder.display()))),
            None => Ok(ResultFile::File(resolved)),
        }
    }

    /// Writes the result.
    ///
    /// # Errors
    /// Returns an error if the file or stream cannot be written.
    pub fn write(&self, bytes: &[u8]) -> anyhow::Result<()> {
        match self {
            ResultFile::File(path) => {
                let parent = path.parent().filter(|parent| !parent.as_os_str().is_empty()).unwrap_or(Path::new("."));
                let mut file = tempfile::NamedTempFile::new_in(parent)
                    .with_context(|| format!("cannot write the result beside {}", path.display()))?;
                file.write_all(bytes).with_context(|| format!("cannot write {}", path.display()))?;
                file.persist(path).with_context(|| format!("cannot write {}", path.display()))?;
            }
            ResultFile::Stream(path) => {
                let line = [bytes, b"\n"].concat();
                write_to_stream(path, &line).with_context(|| format!("cannot write to {}", path.display()))?;
            }
        }
        Ok(())
    }
}

/// Writes to a stream of this process. Stdout and stderr are written through the handles of the process, which share
/// the position of the stream, so that a later line does not overwrite this one if the stream is a file.
fn write_to_stream(path: &Path, line: &[u8]) -> io::Result<()> {
    match path.to_str() {
        Some("/dev/stdout" | "/dev/fd/1" | "/proc/self/fd/1") => {
            let mut stdout = io::stdout().lock();
            stdout.write_all(line).and_then(|()| stdout.flush())
        }
        Some("/dev/stderr" | "/dev/fd/2" | "/proc/self/fd/2") => io::stderr().write_all(line),
        _ => OpenOptions::new().append(true).open(path)?.write_all(line),
    }
}

/// Returns the path to open if a path names a stream of this process: `-`, `/dev/stdout`, `/dev/stderr`, `/dev/fd/N`.
pub fn stream(path: &Path) -> Option<PathBuf> {
    let name = path.to_str()?;
    let number = ["/dev/fd/", "/proc/self/fd/"].iter().find_map(|folder| name.strip_prefix(folder));
    match name {
        "-" => Some(PathBuf::from("/dev/stdout")),
        "/dev/stdout" | "/dev/stderr" => Some(path.to_owned()),
        _ => number.is_some_and(|number| number.parse::<u32>().is_ok()).then(|| path.to_owned()),
    }
}

fn kind(found: fs::FileType) -> &'static str {
    match found {
        _ if found.is_dir() => "a folder",
        _ if found.is_fifo() => "a FIFO",
        _ if found.is_socket() => "a socket",
        _ if found.is_block_device() || found.is_char_device() => "a device",
        _ => "something else",
    }
}
