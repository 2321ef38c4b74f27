//! Signature version 4 of AWS, with the digest of the body signed.
//!
//! <https://docs.aws.amazon.com/AmazonS3/latest/API/sig-v4-header-based-auth.html>

use hmac::{Hmac, KeyInit, Mac};
use jiff::Timestamp;
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};
use sha2::{Digest, Sha256};

use crate::Credentials;

/// Everything but the unreserved characters of RFC 3986.
const QUERY: AsciiSet = NON_ALPHANUMERIC.remove(b'-').remove(b'.').remove(b'_').remove(b'~');

/// Like [`QUERY`], and the slash stays.
const PATH: AsciiSet = QUERY.remove(b'/');

/// A request to sign.
pub(crate) struct Unsigned<'r> {
    pub method: &'r str,
    /// Percent-encoded.
    pub path: &'r str,
    /// Percent-encoded and sorted, as [`query`] makes it.
    pub query: &'r str,
    /// Names in lower case; `host` is among them.
    pub headers: Vec<(String, String)>,
    /// The SHA-256 of the body in hexadecimal.
    pub payload_sha256: &'r str,
}

/// Returns a path for a URL and for a signature.
pub(crate) fn path(path: &str) -> String {
    utf8_percent_encode(path, &PATH).to_string()
}

/// Returns a query for a URL and for a signature: percent-encoded and sorted.
pub(crate) fn query(fields: &[(&str, &str)]) -> String {
    let encoded = |text: &str| utf8_percent_encode(text, &QUERY).to_string();
    let mut fields: Vec<_> = fields.iter().map(|(name, value)| (encoded(name), encoded(value))).collect();
    fields.sort();
    fields.iter().map(|(name, value)| format!("{name}={value}")).collect::<Vec<_>>().join("&")
}

/// Returns the headers of a signed request: those of the request, and those that the signature adds.
pub(crate) fn sign(
    mut request: Unsigned<'_>,
    credentials: &Credentials,
    region: &str,
    now: Timestamp,
) -> Vec<(String, String)> {
    let (date, time) = (now.strftime("%Y%m%d").to_string(), now.strftime("%Y%m%dT%H%M%SZ").to_string());
    let mut add = |name: &str, value: &str| request.headers.push((name.to_owned(), value.to_owned()));
    add("x-amz-content-sha256", request.payload_sha256);
    add("x-amz-date", &time);
    if let Some(token) = &credentials.session_token {
        add("x-amz-security-token", token);
    }
    request.headers.sort();
    let names: Vec<&str> = request.headers.iter().map(|(name, _)| name.as_str()).collect();
    let names = names.join(";");
    let mut canonical = format!("{}\n{}\n{}\n", request.method, request.path, request.query);
    for (name, value) in &request.headers {
        canonical.push_str(&format!("{name}:{}\n", value.trim()));
    }
    canonical.push_str(&format!("\n{names}\n{}", request.payload_sha256));

    let scope = format!("{date}/{region}/s3/aws4_request");
    let to_sign = format!("AWS4-HMAC-SHA256\n{time}\n{scope}\n{}", hex::encode(Sha256::digest(canonical)));
    let mut key = format!("AWS4{}", credentials.secret).into_bytes();
    for part in [date.as_str(), region, "s3", "aws4_request"] {
        key = keyed(&key, part);
    }
    let signature = hex::encode(keyed(&key, &to_sign));
    let authorization = format!(
        "AWS4-HMAC-SHA256 Credential={}/{scope}, SignedHeaders={names}, Signature={signature}",
        credentials.key_id
    );
    request.headers.push(("authorization".to_owned(), authorization));
    request.headers
}

/// Returns the HMAC-SHA256 of a text.
fn keyed(key: &[u8], text: &str) -> Vec<u8> {
    // HMAC takes keys of any length.
    let Ok(mut mac) = Hmac::<Sha256>::new_from_slice(key) else { return Vec::new() };
    mac.update(text.as_bytes());
    mac.finalize().into_bytes().to_vec()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn signed(method: &str, path: &str, query: &str, headers: &[(&str, &str)], payload_sha256: &str) -> String {
        let credentials = Credentials {
            key_id: "AKIAIOSFODNN7EXAMPLE".to_owned(),
            secret: "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY".to_owned(),
            session_token: None,
            expires: None,
        };
        let headers = headers.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned()));
        let host = ("host".to_owned(), "examplebucket.s3.amazonaws.com".to_owned());
        let headers = headers.chain([host]).collect();
        let request = Unsigned { method, path, query, headers, payload_sha256 };
        let now = "2013-05-24T00:00:00Z".parse().expect("a time");
        let headers = sign(request, &credentials, "us-east-1", now);
        let authorization = &headers.last().expect("headers").1;
        authorization.rsplit_once('=').expect("a signature").1.to_owned()
    }

    /// The examples in Amazon's description of the signature.
    #[test]
    fn the_examples_of_amazon() {
        let empty = hex::encode(Sha256::digest(""));
        assert_eq!(
            signed("GET", "/test.txt", "", &[("range", "bytes=0-9")], &empty),
            "f0e8bdb87c964420e857bd35b5d6ed310bd44f0170aba48dd91039c6036bdb41"
        );
        let body = hex::encode(Sha256::digest("Welcome to Amazon S3."));
        let headers = [("date", "Fri, 24 May 2013 00:00:00 GMT"), ("x-amz-storage-class", "REDUCED_REDUNDANCY")];
        assert_eq!(
            signed("PUT", &path("/test$file.text"), "", &headers, &body),
            "98ad721746da40c64f1a55b78f14c238d841ea1380cd77a1b5971af0ece108bd"
        );
        assert_eq!(
            signed("GET", "/", &query(&[("lifecycle", "")]), &[], &empty),
            "fea454ca298b7da1c68078a5d1bdbfbbe0d65c699e0f91ac7a200a0136783543"
        );
        assert_eq!(
            signed("GET", "/", &query(&[("prefix", "J"), ("max-keys", "2")]), &[], &empty),
            "34b48302e7b5fa45bde8084f4b7868a86f0a534bc59db6670ed5711ef69dc6f7"
        );
    }

    #[test]
    fn queries_are_sorted_and_encoded() {
        assert_eq!(query(&[("prefix", "a/b c"), ("list-type", "2")]), "list-type=2&prefix=a%2Fb%20c");
        assert_eq!(path("/a b/c=d"), "/a%20b/c%3Dd");
    }
}
