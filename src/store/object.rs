//! An object that a task reads from its beginning to its end, wherever it lies.

use std::fmt;
use std::io::Write;
use std::str::FromStr;
use std::time::Duration;

use anyhow::Context;
use lake_store::{Address, Bucket, Error, Kind, Settings};

use crate::http::{RequestError, RetryPolicy, Transient};
use digdag_task::{Failure, Observer};

/// The bytes of one request.
const RANGE: u64 = 8 << 20;

/// Attempts at each request.
const MAX_ATTEMPTS: u32 = 6;

/// The address of an object: `s3://bucket/key`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ObjectAddress {
    bucket: Address,
    key: String,
}

impl FromStr for ObjectAddress {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let expected = || "expected s3://BUCKET/KEY".to_owned();
        let (bucket, key) = text.strip_prefix("s3://").and_then(|place| place.split_once('/')).ok_or_else(expected)?;
        if key.is_empty() || key.chars().any(char::is_control) {
            return Err(expected());
        }
        Ok(ObjectAddress { bucket: format!("s3://{bucket}").parse()?, key: key.to_owned() })
    }
}

impl fmt::Display for ObjectAddress {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}", self.bucket, self.key)
    }
}

impl ObjectAddress {
    /// Copies the object to `target`, range by range: a request that fails is repeated from where it began. The server and
    /// the credentials are those of the environment or the profile.
    ///
    /// # Errors
    /// Fails if there are no credentials, if the object is missing or was replaced meanwhile, or if the server refuses.
    pub fn copy_to(&self, target: &mut impl Write, observer: &dyn Observer) -> anyhow::Result<()> {
        let bucket = Bucket::open(&self.bucket, &Settings::default())?;
        let policy = RetryPolicy {
            max_attempts: MAX_ATTEMPTS,
            first_wait: Duration::from_millis(200),
            max_backoff: Duration::from_secs(20),
            deadline: None,
        };
        let found = policy.run(observer, || bucket.head(&self.key).map_err(failed))?;
        let Some(found) = found else {
            return Err(Failure::input(format!("there is no object {self}")).hint("correct the address").into());
        };
        let etag = found.etag.as_deref();
        for begin in (0..found.bytes).step_by(RANGE as usize) {
            let range = begin..(begin + RANGE).min(found.bytes);
            let part = policy.run(observer, || bucket.get_range(&self.key, range.clone(), etag).map_err(failed));
            let part = part.map_err(|error| match error.downcast_ref::<Error>().map(|error| error.kind) {
                Some(Kind::Condition | Kind::Missing) => {
                    Failure::input(format!("{self} was replaced while it was read"))
                        .hint("run the same command again")
                        .into()
                }
                _ => error,
            })?;
            target.write_all(&part.bytes).with_context(|| format!("cannot write the copy of {self}"))?;
        }
        Ok(())
    }
}

fn failed(error: Error) -> RequestError {
    if !error.is_transient() {
        return RequestError::Permanent(error.into());
    }
    let failure = Failure::external(error.to_string()).hint("run the same command again");
    RequestError::Transient(Transient { failure, retry_after: error.retry_after, progressed: false })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_has_a_bucket_and_any_key() {
        let address: ObjectAddress = "s3://exports/2026/My collection.csv".parse().expect("an address");
        assert_eq!(address.to_string(), "s3://exports/2026/My collection.csv");
        for wrong in ["s3://exports", "s3://exports/", "s3:///x.csv", "s3://E/x.csv", "s3://exports/a\nb"] {
            assert!(wrong.parse::<ObjectAddress>().is_err(), "{wrong}");
        }
    }
}
