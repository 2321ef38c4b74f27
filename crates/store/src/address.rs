//! `s3://bucket/prefix`.

use std::fmt;
use std::str::FromStr;

/// A place in object storage: a bucket, and the beginning of the keys of everything that is kept there.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Address {
    /// The bucket.
    pub bucket: String,
    /// The beginning of every key, without a slash at either end; empty for the whole bucket.
    pub prefix: String,
}

impl Address {
    /// Returns the key of a path below the prefix.
    pub fn key(&self, path: &str) -> String {
        match self.prefix.as_str() {
            "" => path.to_owned(),
            prefix => format!("{prefix}/{path}"),
        }
    }

    /// Returns the path below the prefix that a key names, or `None` if the key lies elsewhere.
    pub fn path<'k>(&self, key: &'k str) -> Option<&'k str> {
        match self.prefix.as_str() {
            "" => Some(key),
            prefix => key.strip_prefix(prefix)?.strip_prefix('/'),
        }
    }
}

impl fmt::Display for Address {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let slash = if self.prefix.is_empty() { "" } else { "/" };
        write!(f, "s3://{}{slash}{}", self.bucket, self.prefix)
    }
}

impl FromStr for Address {
    type Err = String;

    /// Parses an address. Names of buckets follow the rules of Amazon's S3; a prefix is made of plain names.
    fn from_str(text: &str) -> Result<Self, String> {
        let expected = || "expected s3://BUCKET or s3://BUCKET/PREFIX".to_owned();
        let place = text.strip_prefix("s3://").ok_or_else(expected)?;
        let (bucket, prefix) = place.split_once('/').unwrap_or((place, ""));
        if !is_bucket(bucket) {
            return Err(format!("{}, found no name of a bucket behind s3://", expected()));
        }
        let prefix = prefix.trim_end_matches('/');
        let is_name = |name: &str| {
            let is_plain = |c: char| c.is_ascii_alphanumeric() || "-_.=".contains(c);
            !name.is_empty() && name != "." && name != ".." && name.chars().all(is_plain)
        };
        if !prefix.is_empty() && !prefix.split('/').all(is_name) {
            return Err("the prefix may hold letters, digits, - _ . = and single slashes".to_owned());
        }
        Ok(Address { bucket: bucket.to_owned(), prefix: prefix.to_owned() })
    }
}

fn is_bucket(name: &str) -> bool {
    let is_plain = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-' || c == '.';
    let ends = |c: Option<char>| c.is_some_and(|c| c.is_ascii_lowercase() || c.is_ascii_digit());
    (3..=63).contains(&name.len())
        && name.chars().all(is_plain)
        && ends(name.chars().next())
        && ends(name.chars().last())
        && !name.contains("..")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_is_a_bucket_and_a_prefix() {
        for (text, bucket, prefix) in
            [("s3://lake", "lake", ""), ("s3://lake/", "lake", ""), ("s3://my.lake/a/b-c/", "my.lake", "a/b-c")]
        {
            let address: Address = text.parse().expect(text);
            assert_eq!((address.bucket.as_str(), address.prefix.as_str()), (bucket, prefix));
        }
    }

    #[test]
    fn other_texts_are_refused() {
        for text in [
            "lake",
            "/lake",
            "s3:/lake",
            "s3://",
            "s3://a",
            "s3://Lake",
            "s3://lake//a",
            "s3://lake/../b",
            "s3://lake/a b",
        ] {
            assert!(text.parse::<Address>().is_err(), "{text}");
        }
    }

    #[test]
    fn keys_lie_below_the_prefix() {
        let address: Address = "s3://lake/a".parse().expect("valid");
        assert_eq!(address.key("b/c"), "a/b/c");
        assert_eq!((address.path("a/b/c"), address.path("ab/c")), (Some("b/c"), None));
        assert_eq!(address.to_string(), "s3://lake/a");
    }
}
