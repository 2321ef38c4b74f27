//! Where the server is and how it is reached. Credentials are in `credentials`.

use std::path::PathBuf;
use std::time::Duration;

use ureq::http::Uri;

use crate::credentials::Profile;
use crate::{Address, Error, Kind, Result};

const DEFAULT_REGION: &str = "us-east-1";

/// How a server is reached. Settings that are `None` come from the environment and the profile, as the tools of AWS read
/// them.
#[derive(Clone, Debug)]
pub struct Settings {
    /// The URL of the server; Amazon's of the region if there is none.
    pub endpoint: Option<String>,
    /// The region.
    pub region: Option<String>,
    /// Whether the bucket is in the path of a URL, not in the name of the host. By default it is if there is an endpoint.
    pub path_style: Option<bool>,
    /// Permits http to other machines than this one.
    pub allow_http: bool,
    /// A file with the certificates to trust, in PEM; public authorities if there is none.
    pub authorities: Option<PathBuf>,
    /// The longest time without a byte in either direction, and for a response.
    pub timeout: Duration,
    /// The number of connections that are kept open.
    pub connections: usize,
}

impl Default for Settings {
    fn default() -> Self {
        Settings {
            endpoint: None,
            region: None,
            path_style: None,
            allow_http: false,
            authorities: None,
            timeout: Duration::from_secs(60),
            connections: 8,
        }
    }
}

/// The settings of one bucket, resolved.
#[derive(Clone, Debug)]
pub(crate) struct Resolved {
    /// `https://host[:port]`, with the bucket in the host or in `path`.
    pub origin: String,
    /// The host as the signature and the request name it.
    pub host: String,
    /// The beginning of every path: empty, or `/bucket`.
    pub path: String,
    pub region: String,
    /// The server without the bucket: `host[:port]`.
    pub server: String,
}

impl Settings {
    /// Resolves the settings for a bucket.
    pub(crate) fn resolve(&self, address: &Address, profile: &Profile) -> Result<Resolved> {
        let invalid = |why: &str| Error::new(Kind::Settings, "use", "the endpoint", why);
        let region = self.region.clone().or_else(|| variable("AWS_REGION")).or_else(|| variable("AWS_DEFAULT_REGION"));
        let region = region.or_else(|| profile.get("region")).unwrap_or_else(|| DEFAULT_REGION.to_owned());
        let endpoint = self.endpoint.clone().or_else(|| variable("AWS_ENDPOINT_URL_S3"));
        let endpoint = endpoint.or_else(|| variable("AWS_ENDPOINT_URL")).or_else(|| profile.get("endpoint_url"));
        let in_path = self.path_style.unwrap_or(endpoint.is_some() || address.bucket.contains('.'));
        let endpoint = endpoint.unwrap_or_else(|| format!("https://s3.{region}.amazonaws.com"));
        if endpoint.contains('@') {
            return Err(invalid("it holds a user or a password; credentials come from the environment or a file"));
        }
        let uri: Uri = endpoint.parse().map_err(|_| invalid("expected https://HOST or https://HOST:PORT"))?;
        let scheme = uri.scheme_str().unwrap_or_default();
        if !["http", "https"].contains(&scheme) || !uri.path().trim_end_matches('/').is_empty() || uri.query().is_some()
        {
            return Err(invalid("expected https://HOST or https://HOST:PORT"));
        }
        let authority = uri.authority().map(ToString::to_string).unwrap_or_default();
        let name = uri.host().unwrap_or_default();
        if scheme == "http" && !self.allow_http && !matches!(name, "127.0.0.1" | "localhost" | "[::1]") {
            return Err(invalid(&format!("http to {name} would send the data unencrypted")));
        }
        let host = if in_path { authority.clone() } else { format!("{}.{authority}", address.bucket) };
        let path = if in_path { format!("/{}", address.bucket) } else { String::new() };
        Ok(Resolved { origin: format!("{scheme}://{host}"), host, path, region, server: authority })
    }
}

/// Returns a variable of the environment that is set and not empty.
pub(crate) fn variable(name: &str) -> Option<String> {
    std::env::var(name).ok().filter(|value| !value.is_empty())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn resolve(endpoint: &str, path_style: Option<bool>, allow_http: bool) -> Result<Resolved> {
        let settings = Settings {
            endpoint: Some(endpoint.to_owned()),
            region: Some("eu-west-1".to_owned()),
            path_style,
            allow_http,
            ..Settings::default()
        };
        settings.resolve(&"s3://lake/a".parse().expect("valid"), &Profile::default())
    }

    #[test]
    fn the_bucket_is_in_the_path_of_an_endpoint() {
        let resolved = resolve("https://s3.example.org:9000/", None, false).expect("valid");
        assert_eq!((resolved.origin.as_str(), resolved.path.as_str()), ("https://s3.example.org:9000", "/lake"));
        let resolved = resolve("https://s3.example.org", Some(false), false).expect("valid");
        assert_eq!((resolved.host.as_str(), resolved.path.as_str()), ("lake.s3.example.org", ""));
    }

    #[test]
    fn http_is_for_this_machine_unless_it_is_allowed() {
        assert!(resolve("http://127.0.0.1:8014", None, false).is_ok());
        assert!(resolve("http://[::1]:8014", None, false).is_ok());
        assert!(resolve("http://s3.example.org", None, true).is_ok());
        let refused = resolve("http://s3.example.org", None, false).expect_err("http");
        assert_eq!(refused.kind, Kind::Settings);
    }

    #[test]
    fn an_endpoint_is_a_server_and_nothing_more() {
        for endpoint in ["s3.example.org", "ftp://a", "https://a/b", "https://key:secret@a", "https://"] {
            let refused = resolve(endpoint, None, false).expect_err(endpoint).to_string();
            assert!(!refused.contains("secret"), "{refused}");
        }
    }
}
