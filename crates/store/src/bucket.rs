//! One bucket: objects are written, read, listed, copied and deleted.

use std::ops::Range;

use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use jiff::Timestamp;
use jiff::fmt::rfc2822;
use ureq::http::Method;

use crate::answer::Answer;
use crate::connection::{Access, Connection, Request};
use crate::text::Document;
use crate::{Address, Error, Kind, Login, Result, Settings, signature};

/// The header of the checksum that the server verifies and keeps.
pub(crate) const CHECKSUM: &str = "x-amz-checksum-sha256";

/// The header of the digest of the whole object, as the writer gave it. A server keeps it even if it keeps no checksums.
pub(crate) const DIGEST: &str = "x-amz-meta-sha256";

/// A bucket on a server. It may be used from several threads.
pub struct Bucket {
    pub(crate) connection: Connection,
}

/// The condition of a write.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Condition {
    /// There is none.
    Any,
    /// There is no such object.
    Absent,
    /// The object has this ETag.
    Match(String),
}

/// The properties of a write, beside the object's bytes.
#[derive(Clone, Debug)]
pub struct Put<'p> {
    /// The SHA-256 of the bytes; the server verifies it.
    pub sha256: &'p [u8; 32],
    /// The condition.
    pub condition: Condition,
    /// The media type.
    pub content_type: &'static str,
}

/// An object, as the server describes it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Found {
    /// The length.
    pub bytes: u64,
    /// The ETag, if the server says it.
    pub etag: Option<String>,
    /// The checksum that the server keeps, in Base64: of the bytes, or of the checksums of the parts with `-` and their
    /// number behind it.
    pub checksum: Option<String>,
    /// The SHA-256 of the bytes in hexadecimal, as the writer gave it.
    pub digest: Option<String>,
    /// When it was written last, if the server says it.
    pub modified: Option<Timestamp>,
}

/// An object that was read.
#[derive(Clone, Debug)]
pub struct Object {
    /// Its bytes, or those of the range.
    pub bytes: Vec<u8>,
    /// Its ETag.
    pub etag: Option<String>,
}

/// An object of a list.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Listed {
    /// The key.
    pub key: String,
    /// The length.
    pub bytes: u64,
    /// When it was written last.
    pub modified: Option<Timestamp>,
}

impl Bucket {
    /// Opens a bucket with the credentials of the environment, a profile, a web identity, a container or an instance.
    /// Sends no request to the server of the bucket.
    ///
    /// # Errors
    /// Fails if a setting is invalid or there are no credentials.
    pub fn open(address: &Address, settings: &Settings) -> Result<Self> {
        Ok(Bucket { connection: Connection::new(address, settings)? })
    }

    /// Like [`Bucket::open`], with a login of the caller's.
    ///
    /// # Errors
    /// Fails if a setting is invalid.
    pub fn open_with(address: &Address, settings: &Settings, login: Login) -> Result<Self> {
        Ok(Bucket { connection: Connection::with_login(address, settings, login)? })
    }

    /// Returns how another client in this process reaches the server.
    ///
    /// # Errors
    /// Fails if temporary credentials cannot be had.
    pub fn access(&self) -> Result<Access> {
        self.connection.access()
    }

    /// Returns the bucket's name and the prefix of the keys.
    pub fn address(&self) -> &Address {
        self.connection.address()
    }

    /// Returns `s3://bucket/key`.
    pub fn place(&self, key: &str) -> String {
        self.connection.place(key)
    }

    /// Writes an object; returns its ETag.
    ///
    /// # Errors
    /// Fails with [`Kind::Condition`] if the condition does not hold, and with [`Kind::Checksum`] if other bytes arrived.
    pub fn put(&self, key: &str, bytes: &[u8], put: &Put<'_>) -> Result<Option<String>> {
        let mut headers = vec![
            (CHECKSUM, BASE64_STANDARD.encode(put.sha256)),
            (DIGEST, hex::encode(put.sha256)),
            ("content-type", put.content_type.to_owned()),
        ];
        headers.extend(condition(&put.condition));
        let request =
            Request { headers, body: bytes, sha256: Some(put.sha256), ..Request::new("write", Method::PUT, key) };
        Ok(self.connection.expect(&request)?.header("etag"))
    }

    /// Reads an object of at most `max_bytes`; returns `None` if it is missing.
    ///
    /// # Errors
    /// Fails if the object is longer or cannot be read.
    pub fn get(&self, key: &str, max_bytes: u64) -> Result<Option<Object>> {
        let request = Request { max_answer: max_bytes.saturating_add(1), ..Request::new("read", Method::GET, key) };
        let answer = self.connection.send(&request)?;
        match self.found(&request, answer)? {
            Some(answer) if answer.body.len() as u64 > max_bytes => {
                Err(Error::new(Kind::Refused, "read", self.place(key), format!("it has more than {max_bytes} bytes")))
            }
            Some(answer) => Ok(Some(Object { etag: answer.header("etag"), bytes: answer.body })),
            None => Ok(None),
        }
    }

    /// Reads a range of an object, which must not be empty. With `etag`, an object that was replaced meanwhile is refused.
    ///
    /// # Errors
    /// Fails with [`Kind::Missing`] if there is no such object, with [`Kind::Condition`] if it has another ETag, and with
    /// [`Kind::Unavailable`] if the answer has another length.
    pub fn get_range(&self, key: &str, range: Range<u64>, etag: Option<&str>) -> Result<Object> {
        let length = range.end - range.start;
        let mut headers = vec![("range", format!("bytes={}-{}", range.start, range.end - 1))];
        headers.extend(etag.map(|etag| ("if-match", etag.to_owned())));
        let request =
            Request { headers, max_answer: length.saturating_add(1), ..Request::new("read", Method::GET, key) };
        let answer = self.connection.expect(&request)?;
        if answer.body.len() as u64 != length {
            let why = format!("expected {length} bytes, received {}", answer.body.len());
            return Err(Error::new(Kind::Unavailable, "read", self.place(key), why));
        }
        let found = answer.header("etag");
        // Some servers ignore the condition.
        if let (Some(expected), Some(found)) = (etag, &found)
            && expected != found
        {
            let why = format!("expected the object of ETag {expected}, found {found}");
            return Err(Error::new(Kind::Condition, "read", self.place(key), why));
        }
        Ok(Object { etag: found, bytes: answer.body })
    }

    /// Returns the server's description of an object, its checksum included; `None` if it is missing.
    ///
    /// # Errors
    /// Fails if the server does not say.
    pub fn head(&self, key: &str) -> Result<Option<Found>> {
        let headers = vec![("x-amz-checksum-mode", "ENABLED".to_owned())];
        let request = Request { headers, ..Request::new("look up", Method::HEAD, key) };
        let answer = self.connection.send(&request)?;
        let Some(answer) = self.found(&request, answer)? else { return Ok(None) };
        let bytes = answer.header("content-length").and_then(|text| text.parse().ok());
        let bytes = bytes
            .ok_or_else(|| Error::new(Kind::Refused, "look up", self.place(key), "the answer has no Content-Length"))?;
        Ok(Some(Found {
            bytes,
            etag: answer.header("etag"),
            checksum: answer.header(CHECKSUM),
            digest: answer.header(DIGEST),
            modified: answer
                .header("last-modified")
                .and_then(|time| rfc2822::parse(&time).ok())
                .map(|time| time.timestamp()),
        }))
    }

    /// Lists the objects whose keys begin with `prefix`, by key.
    ///
    /// # Errors
    /// Fails with [`Kind::NoBucket`] if there is no such bucket.
    pub fn list(&self, prefix: &str) -> Result<Vec<Listed>> {
        let mut listed = Vec::new();
        self.pages(prefix, None, |page| {
            for object in page.elements("Contents") {
                let (Some(key), Some(bytes)) = (object.text("Key"), object.text("Size")) else { continue };
                let Ok(bytes) = bytes.parse() else { continue };
                let modified = object.text("LastModified").and_then(|time| time.parse().ok());
                listed.push(Listed { key, bytes, modified });
            }
        })?;
        listed.sort_by(|one, other| one.key.cmp(&other.key));
        Ok(listed)
    }

    /// Lists the names between `prefix` and the next slash, such as those of folders, without either.
    ///
    /// # Errors
    /// Like [`Bucket::list`].
    pub fn list_folders(&self, prefix: &str) -> Result<Vec<String>> {
        let mut names = Vec::new();
        self.pages(prefix, Some("/"), |page| {
            for common in page.elements("CommonPrefixes") {
                let name = common
                    .text("Prefix")
                    .and_then(|text| text.strip_prefix(prefix).map(|name| name.trim_end_matches('/').to_owned()));
                names.extend(name.filter(|name| !name.is_empty()));
            }
        })?;
        names.sort();
        names.dedup();
        Ok(names)
    }

    fn pages(&self, prefix: &str, delimiter: Option<&str>, mut page: impl FnMut(&Document<'_>)) -> Result<()> {
        let mut token: Option<String> = None;
        loop {
            let mut query = vec![("list-type", "2"), ("prefix", prefix)];
            query.extend(delimiter.map(|delimiter| ("delimiter", delimiter)));
            query.extend(token.as_deref().map(|token| ("continuation-token", token)));
            let request = Request { query: &query, ..Request::new("list", Method::GET, "") };
            // The prefix is what a reader of the message knows.
            let named = |error: Error| Error { place: self.place(prefix), ..error };
            let answer = self.connection.send(&request).map_err(named)?;
            if answer.status == 404 {
                let why = format!("there is no bucket {}", self.address().bucket);
                return Err(Error::new(Kind::NoBucket, "list", self.place(prefix), why));
            }
            if !answer.is_success() {
                return Err(named(self.connection.refused(&request, &answer)));
            }
            let text = answer.text();
            let document = Document::parse(&text).filter(|document| document.is("ListBucketResult"));
            let document = document.ok_or_else(|| {
                Error::new(
                    Kind::Refused,
                    "list",
                    self.place(prefix),
                    "the answer is no list; is the endpoint that of S3?",
                )
            })?;
            page(&document);
            let is_more = document.text("IsTruncated").is_some_and(|text| text == "true");
            token = document.text("NextContinuationToken").filter(|_| is_more);
            if token.is_none() {
                return Ok(());
            }
        }
    }

    /// Copies an object of at most 5 GiB within the bucket, on the server. The copy has the digest of the source, and a
    /// checksum of its own if the server keeps checksums.
    ///
    /// # Errors
    /// Fails with [`Kind::Missing`] if there is no source, and with [`Kind::Condition`] if the source has another ETag.
    pub fn copy(&self, from: &str, etag: Option<&str>, to: &str) -> Result<()> {
        let mut headers = vec![self.source(from), ("x-amz-checksum-algorithm", "SHA256".to_owned())];
        headers.extend(etag.map(|etag| ("x-amz-copy-source-if-match", etag.to_owned())));
        let request = Request { headers, ..Request::new("copy to", Method::PUT, to) };
        let answer = self.connection.expect(&request)?;
        self.refuse_late_error(&request, &answer)
    }

    /// Deletes an object; a missing one is no error.
    ///
    /// # Errors
    /// Fails if the server refuses.
    pub fn delete(&self, key: &str) -> Result<()> {
        let request = Request::new("delete", Method::DELETE, key);
        let answer = self.connection.send(&request)?;
        self.found(&request, answer).map(drop)
    }

    /// Returns the header that names the source of a copy.
    pub(crate) fn source(&self, key: &str) -> (&'static str, String) {
        ("x-amz-copy-source", signature::path(&format!("/{}/{key}", self.address().bucket)))
    }

    /// Copies and completed uploads are answered with 200 before the work is done, and an error may follow in the body.
    pub(crate) fn refuse_late_error(&self, request: &Request<'_>, answer: &Answer) -> Result<()> {
        match answer.code() {
            None => Ok(()),
            Some(_) => {
                let late = Answer { status: 500, headers: answer.headers.clone(), body: answer.body.clone() };
                Err(self.connection.refused(request, &late))
            }
        }
    }

    /// Returns the answer, `None` if the object is missing, or the error that the answer stands for.
    fn found(&self, request: &Request<'_>, answer: Answer) -> Result<Option<Answer>> {
        if answer.is_success() {
            return Ok(Some(answer));
        }
        let error = self.connection.refused(request, &answer);
        if error.kind == Kind::Missing { Ok(None) } else { Err(error) }
    }
}

/// Returns the header of a condition.
pub(crate) fn condition(condition: &Condition) -> Option<(&'static str, String)> {
    match condition {
        Condition::Any => None,
        Condition::Absent => Some(("if-none-match", "*".to_owned())),
        Condition::Match(etag) => Some(("if-match", etag.clone())),
    }
}
