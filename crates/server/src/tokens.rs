//! Bearer tokens, of which a file holds names, scopes and digests.

use std::path::{Path, PathBuf};
use std::str::FromStr;
use std::sync::{PoisonError, RwLock};

use digdag_task::Failure;
use sha2::{Digest, Sha256};
use subtle::ConstantTimeEq;

/// The rights of a client; each scope has those of the scopes before it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Scope {
    /// Anyone who reaches the server: whether it runs, and how it is called.
    Anyone,
    /// Queries, tables, runs, metrics.
    Read,
    /// Writes to tables.
    Write,
    /// Moves tables back.
    Admin,
}

impl Scope {
    /// Returns the name.
    pub fn name(self) -> &'static str {
        match self {
            Scope::Anyone => "none",
            Scope::Read => "read",
            Scope::Write => "write",
            Scope::Admin => "admin",
        }
    }
}

/// A client that is known.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Principal {
    /// The name of its token, or `local`.
    pub name: String,
    /// Its rights.
    pub scope: Scope,
}

/// A line of the file.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Entry {
    principal: Principal,
    sha256: [u8; 32],
}

impl FromStr for Entry {
    type Err = &'static str;

    fn from_str(line: &str) -> Result<Self, Self::Err> {
        let mut parts = line.split(':');
        let (Some(name), Some(scope), Some(digest), None) = (parts.next(), parts.next(), parts.next(), parts.next())
        else {
            return Err("expected NAME:SCOPE:SHA256");
        };
        let is_name = |c: char| c.is_ascii_alphanumeric() || "._-@".contains(c);
        if name.is_empty() || name.len() > 64 || !name.chars().all(is_name) {
            return Err("expected a name of letters, digits and . _ - @");
        }
        let scope = match scope {
            "read" => Scope::Read,
            "write" => Scope::Write,
            "admin" => Scope::Admin,
            _ => return Err("expected the scope read, write or admin"),
        };
        let mut sha256 = [0; 32];
        hex::decode_to_slice(digest, &mut sha256).map_err(|_| "expected 64 hexadecimal digits as the SHA-256")?;
        Ok(Entry { principal: Principal { name: name.to_owned(), scope }, sha256 })
    }
}

/// The tokens of a file.
pub struct Tokens {
    path: PathBuf,
    entries: RwLock<Vec<Entry>>,
}

impl Tokens {
    /// Reads a file of tokens.
    ///
    /// # Errors
    /// Fails if the file cannot be read, has a line that is no token's, or has none.
    pub fn read(path: &Path) -> Result<Self, Failure> {
        Ok(Tokens { path: path.to_owned(), entries: RwLock::new(read(path)?) })
    }

    /// Reads the file again. Returns whether the tokens changed.
    ///
    /// # Errors
    /// Fails as [`Tokens::read`] does; the tokens stay as they were.
    pub fn reload(&self) -> Result<bool, Failure> {
        let read = read(&self.path)?;
        let mut entries = self.entries.write().unwrap_or_else(PoisonError::into_inner);
        let is_changed = *entries != read;
        *entries = read;
        Ok(is_changed)
    }

    /// Returns the client that a token belongs to. The time that this takes does not depend on the token.
    pub fn find(&self, token: &str) -> Option<Principal> {
        let digest: [u8; 32] = Sha256::digest(token.as_bytes()).into();
        let entries = self.entries.read().unwrap_or_else(PoisonError::into_inner);
        let mut found = None;
        for entry in entries.iter() {
            if bool::from(entry.sha256.ct_eq(&digest)) {
                found = Some(entry.principal.clone());
            }
        }
        found
    }
}

fn read(path: &Path) -> Result<Vec<Entry>, Failure> {
    let wrong = |what: String| Failure::parameters(format!("parameter tokens: {}: {what}", path.display()));
    let text = std::fs::read_to_string(path).map_err(|error| wrong(error.to_string()))?;
    let lines = text.lines().enumerate().filter(|(_, line)| !line.trim().is_empty() && !line.starts_with('#'));
    let entries: Vec<Entry> = lines
        .map(|(index, line)| line.trim().parse().map_err(|what| wrong(format!("line {}: {what}", index + 1))))
        .collect::<Result<_, _>>()?;
    match entries.is_empty() {
        true => Err(wrong("holds no token".to_owned()).hint("docs/server.md shows how to make one")),
        false => Ok(entries),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn line(name: &str, scope: &str, token: &str) -> String {
        format!("{name}:{scope}:{}", hex::encode(Sha256::digest(token.as_bytes())))
    }

    #[test]
    fn a_token_is_found_by_its_digest_alone() {
        let folder = std::env::temp_dir().join(format!("tokens-{}", uuid::Uuid::new_v4()));
        std::fs::write(&folder, format!("# of tests\n{}\n\n{}\n", line("a", "read", "one"), line("b", "admin", "two")))
            .expect("a file");
        let tokens = Tokens::read(&folder).expect("tokens");
        assert_eq!(tokens.find("one"), Some(Principal { name: "a".to_owned(), scope: Scope::Read }));
        assert_eq!(tokens.find("two").map(|found| found.scope), Some(Scope::Admin));
        assert_eq!(tokens.find("three"), None);
        assert_eq!(tokens.find(""), None);
        assert!(matches!(tokens.reload(), Ok(false)));
        std::fs::write(&folder, "nonsense").expect("a file");
        assert!(tokens.reload().is_err_and(|failure| failure.message.contains("line 1")));
        assert!(tokens.find("one").is_some());
        std::fs::remove_file(&folder).expect("the file is there");
    }

    #[test]
    fn wrong_lines_are_refused() {
        for wrong in ["", "a", "a:read", "a:read:00", "a:root:", ":read:00", "a b:read:00", "a:read:00:x"] {
            assert!(wrong.parse::<Entry>().is_err(), "{wrong}");
        }
    }

    proptest::proptest! {
        #[test]
        fn any_line_is_read_or_refused(line in ".{0,100}") {
            let _ = line.parse::<Entry>();
        }
    }
}
