//! An error of object storage within an I/O error, for readers and writers that know I/O errors alone.

use std::fmt;
use std::io;

use lake_store::Kind;

use super::remote::kind;

/// An error of object storage, with its class and hint.
#[derive(Debug)]
struct Unreachable(anyhow::Error);

impl fmt::Display for Unreachable {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:#}", self.0)
    }
}

impl std::error::Error for Unreachable {}

/// Returns the I/O error that carries an error of object storage.
pub(super) fn within_io(error: anyhow::Error) -> io::Error {
    let is_missing = kind(&error) == Some(Kind::Missing);
    io::Error::new(if is_missing { io::ErrorKind::NotFound } else { io::ErrorKind::Other }, Unreachable(error))
}

/// Returns the error of object storage in an I/O error, with its class and hint.
///
/// # Errors
/// Returns the I/O error if it carries none.
pub fn error_in(error: io::Error) -> Result<anyhow::Error, io::Error> {
    error.downcast::<Unreachable>().map(|Unreachable(error)| error)
}

/// Returns whether an I/O error carries an error of object storage.
pub fn is_unreachable(error: &io::Error) -> bool {
    carried(error).is_some()
}

/// Returns whether an I/O error says that an object was replaced or removed while it was read.
pub fn is_replaced(error: &io::Error) -> bool {
    carried(error).is_some_and(|error| matches!(kind(&error.0), Some(Kind::Condition | Kind::Missing)))
}

fn carried(error: &io::Error) -> Option<&Unreachable> {
    error.get_ref()?.downcast_ref()
}
