//! An object that is sent by parts. The server keeps the parts until the upload is completed, and the object appears at
//! once; a process that is killed leaves its parts for the next one.

use std::ops::Range;

use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use ureq::http::Method;

use crate::bucket::{CHECKSUM, DIGEST, condition};
use crate::connection::Request;
use crate::text::{Document, escaped};
use crate::{Bucket, Condition, Error, Kind, Result};

/// A part that the server has.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CompletedPart {
    /// From 1.
    pub number: usize,
    /// The ETag of the part, which completes the upload.
    pub etag: String,
    /// The SHA-256 of its bytes.
    pub sha256: [u8; 32],
}

/// A part of an upload as the server lists it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ListedPart {
    /// From 1.
    pub number: usize,
    /// The length.
    pub bytes: u64,
    /// The ETag, if the server says it.
    pub etag: Option<String>,
    /// The SHA-256 in Base64, if the server keeps it.
    pub checksum: Option<String>,
}

impl Bucket {
    /// Begins an upload of an object whose bytes have this SHA-256; returns its id.
    ///
    /// # Errors
    /// Fails if the server refuses.
    pub fn begin_upload(&self, key: &str, sha256: &[u8; 32], content_type: &str) -> Result<String> {
        let headers = vec![
            ("x-amz-checksum-algorithm", "SHA256".to_owned()),
            (DIGEST, hex::encode(sha256)),
            ("content-type", content_type.to_owned()),
        ];
        let request =
            Request { query: &[("uploads", "")], headers, ..Request::new("begin an upload of", Method::POST, key) };
        let answer = self.connection.expect(&request)?;
        let text = answer.text();
        let id = Document::parse(&text).and_then(|document| document.text("UploadId"));
        id.ok_or_else(|| Error::new(Kind::Refused, "begin an upload of", self.place(key), "the answer has no UploadId"))
    }

    /// Sends a part, whose number counts from 1.
    ///
    /// # Errors
    /// Fails with [`Kind::Missing`] if there is no such upload, and with [`Kind::Checksum`] if other bytes arrived.
    pub fn put_part(
        &self,
        key: &str,
        upload: &str,
        number: usize,
        bytes: &[u8],
        sha256: &[u8; 32],
    ) -> Result<CompletedPart> {
        let part = number.to_string();
        let request = Request {
            query: &[("partNumber", &part), ("uploadId", upload)],
            headers: vec![(CHECKSUM, BASE64_STANDARD.encode(sha256))],
            body: bytes,
            sha256: Some(sha256),
            ..Request::new("write a part of", Method::PUT, key)
        };
        let answer = self.connection.expect(&request)?;
        let etag = answer
            .header("etag")
            .ok_or_else(|| Error::new(Kind::Refused, "write a part of", self.place(key), "the answer has no ETag"))?;
        Ok(CompletedPart { number, etag, sha256: *sha256 })
    }

    /// Copies a range of another object of the bucket into a part, on the server.
    ///
    /// # Errors
    /// Fails with [`Kind::Missing`] if there is no such object or upload.
    pub fn copy_part(
        &self,
        from: &str,
        range: Range<u64>,
        key: &str,
        upload: &str,
        number: usize,
        sha256: &[u8; 32],
    ) -> Result<CompletedPart> {
        let part = number.to_string();
        let range = format!("bytes={}-{}", range.start, range.end - 1);
        let request = Request {
            query: &[("partNumber", &part), ("uploadId", upload)],
            headers: vec![self.source(from), ("x-amz-copy-source-range", range)],
            ..Request::new("copy a part of", Method::PUT, key)
        };
        let answer = self.connection.expect(&request)?;
        self.refuse_late_error(&request, &answer)?;
        let text = answer.text();
        let etag = Document::parse(&text).and_then(|document| document.text("ETag"));
        let etag =
            etag.ok_or_else(|| Error::new(Kind::Refused, "copy a part of", self.place(key), "the answer has no ETag"))?;
        Ok(CompletedPart { number, etag, sha256: *sha256 })
    }

    /// Lists the parts of an upload; `None` if there is no such upload.
    ///
    /// # Errors
    /// Fails if the server refuses.
    pub fn parts(&self, key: &str, upload: &str) -> Result<Option<Vec<ListedPart>>> {
        let mut parts = Vec::new();
        let mut marker: Option<String> = None;
        loop {
            let mut query = vec![("uploadId", upload)];
            query.extend(marker.as_deref().map(|marker| ("part-number-marker", marker)));
            let request = Request { query: &query, ..Request::new("list the parts of", Method::GET, key) };
            let answer = self.connection.send(&request)?;
            if !answer.is_success() {
                let error = self.connection.refused(&request, &answer);
                return if error.kind == Kind::Missing { Ok(None) } else { Err(error) };
            }
            let text = answer.text();
            let document = Document::parse(&text).ok_or_else(|| {
                Error::new(Kind::Refused, "list the parts of", self.place(key), "the answer is no list")
            })?;
            for part in document.elements("Part") {
                let number = part.text("PartNumber").and_then(|text| text.parse().ok());
                let bytes = part.text("Size").and_then(|text| text.parse().ok());
                let (Some(number), Some(bytes)) = (number, bytes) else { continue };
                let (etag, checksum) = (part.text("ETag"), part.text("ChecksumSHA256"));
                parts.push(ListedPart { number, bytes, etag, checksum });
            }
            let is_more = document.text("IsTruncated").is_some_and(|text| text == "true");
            marker = document.text("NextPartNumberMarker").filter(|_| is_more);
            if marker.is_none() {
                return Ok(Some(parts));
            }
        }
    }

    /// Completes an upload: the object appears with all its parts, which are given in their order.
    ///
    /// # Errors
    /// Fails with [`Kind::Condition`] if the condition does not hold, and with [`Kind::Missing`] if there is no such
    /// upload: another process may have completed it.
    pub fn complete_upload(&self, key: &str, upload: &str, parts: &[CompletedPart], only_if: &Condition) -> Result<()> {
        let mut body = String::from("<CompleteMultipartUpload xmlns=\"http://s3.amazonaws.com/doc/2006-03-01/\">");
        for CompletedPart { number, etag, sha256 } in parts {
            body.push_str(&format!(
                "<Part><PartNumber>{number}</PartNumber><ETag>{}</ETag><ChecksumSHA256>{}</ChecksumSHA256></Part>",
                escaped(etag),
                BASE64_STANDARD.encode(sha256)
            ));
        }
        body.push_str("</CompleteMultipartUpload>");
        let mut headers = vec![("content-type", "application/xml".to_owned())];
        headers.extend(condition(only_if));
        let request = Request {
            query: &[("uploadId", upload)],
            headers,
            body: body.as_bytes(),
            ..Request::new("complete the upload of", Method::POST, key)
        };
        let answer = self.connection.expect(&request)?;
        self.refuse_late_error(&request, &answer)
    }

    /// Ends an upload without an object, and removes its parts; a missing upload is no error.
    ///
    /// # Errors
    /// Fails if the server refuses.
    pub fn abort_upload(&self, key: &str, upload: &str) -> Result<()> {
        let request =
            Request { query: &[("uploadId", upload)], ..Request::new("abort the upload of", Method::DELETE, key) };
        let answer = self.connection.send(&request)?;
        if answer.is_success() {
            return Ok(());
        }
        let error = self.connection.refused(&request, &answer);
        if error.kind == Kind::Missing { Ok(()) } else { Err(error) }
    }
}
