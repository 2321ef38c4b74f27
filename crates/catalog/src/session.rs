//! The id of a writer, which is in the name of every file that it writes.

use std::fmt;
use std::str::FromStr;

use uuid::Uuid;

/// The id of one opened catalog. The names of all files that are written through it contain the id, so after a kill
/// [`crate::Catalog::remove_orphans`] finds the files that no commit names.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Session(Uuid);

impl Session {
    /// Returns a new session.
    #[expect(clippy::new_without_default, reason = "two sessions are never equal")]
    pub fn new() -> Self {
        Session(Uuid::new_v4())
    }
}

impl fmt::Display for Session {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

impl FromStr for Session {
    type Err = uuid::Error;

    fn from_str(text: &str) -> Result<Self, uuid::Error> {
        text.parse().map(Session)
    }
}
