//! The login: where the credentials come from, in the order of the tools of AWS, and when they are renewed.
//!
//! 1. `AWS_ACCESS_KEY_ID`, `AWS_SECRET_ACCESS_KEY` and `AWS_SESSION_TOKEN` of the environment;
//! 2. the profile `AWS_PROFILE`, or `default`, in `~/.aws/credentials` and `~/.aws/config` (`profile.rs`);
//! 3. a web identity: `AWS_WEB_IDENTITY_TOKEN_FILE` and `AWS_ROLE_ARN` (`web_identity.rs`);
//! 4. the container: `AWS_CONTAINER_CREDENTIALS_FULL_URI` or `_RELATIVE_URI` (`machine.rs`);
//! 5. the instance, unless `AWS_EC2_METADATA_DISABLED` is true (`machine.rs`).

mod machine;
mod profile;
mod web_identity;

use std::fmt;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use jiff::{SignedDuration, Timestamp};
use ureq::Agent;
use ureq::tls::{RootCerts, TlsConfig};

use crate::settings::variable;
use crate::{Error, Kind, Result};

pub(crate) use profile::Profile;

/// Temporary credentials are renewed so long before they expire.
const RENEWED_BEFORE: SignedDuration = SignedDuration::from_secs(300);

/// A key and its secret. The secret and the token are in no message, and not in the text of `{:?}`.
#[derive(Clone, PartialEq, Eq)]
pub struct Credentials {
    /// The id of the key, which is no secret.
    pub key_id: String,
    /// The secret.
    pub secret: String,
    /// The token of temporary credentials.
    pub session_token: Option<String>,
    /// When they expire.
    pub expires: Option<Timestamp>,
}

impl fmt::Debug for Credentials {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Credentials")
            .field("key_id", &self.key_id)
            .field("expires", &self.expires)
            .finish_non_exhaustive()
    }
}

/// Where credentials come from.
#[derive(Clone, Debug)]
enum Source {
    /// Long-lived, or renewed by another program.
    Fixed(Credentials),
    WebIdentity(web_identity::WebIdentity),
    Machine(machine::Machine),
}

/// The login at a server. It renews temporary credentials before they expire.
#[derive(Debug)]
pub struct Login {
    source: Source,
    current: Mutex<Option<Arc<Credentials>>>,
}

impl Login {
    /// Finds the credentials of the environment, a profile, a web identity, a container or an instance, in this order.
    /// Sends no request.
    ///
    /// # Errors
    /// Fails if a source is incomplete, and if there is none.
    pub(crate) fn find(profile: &Profile, region: &str) -> Result<Self> {
        let source = if let Some(found) = of_environment()? {
            Source::Fixed(found)
        } else if let Some(found) = profile.credentials()? {
            Source::Fixed(found)
        } else if let Some(found) = web_identity::WebIdentity::of_environment(region)? {
            Source::WebIdentity(found)
        } else if let Some(found) = machine::Machine::of_environment()? {
            Source::Machine(found)
        } else {
            return Err(Login::none());
        };
        Ok(Login { source, current: Mutex::new(None) })
    }

    /// Returns a login with credentials that do not change.
    pub fn fixed(credentials: Credentials) -> Self {
        Login { source: Source::Fixed(credentials), current: Mutex::new(None) }
    }

    fn none() -> Error {
        Error::new(
            Kind::NoCredentials,
            "find",
            "the credentials of object storage",
            "neither AWS_ACCESS_KEY_ID nor a profile, a web identity or an instance has any",
        )
    }

    /// Returns valid credentials.
    ///
    /// # Errors
    /// Fails if temporary credentials cannot be had.
    pub(crate) fn credentials(&self) -> Result<Arc<Credentials>> {
        let mut current = self.current.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(credentials) = current.as_ref().filter(|credentials| is_fresh(credentials)) {
            return Ok(credentials.clone());
        }
        let new = match &self.source {
            Source::Fixed(credentials) => credentials.clone(),
            Source::WebIdentity(source) => source.credentials()?,
            Source::Machine(source) => source.credentials()?,
        };
        Ok(current.insert(Arc::new(new)).clone())
    }

    /// Forgets temporary credentials that the server refused. Returns whether there may be others.
    pub(crate) fn forget(&self) -> bool {
        let is_temporary = !matches!(self.source, Source::Fixed(_));
        if is_temporary {
            *self.current.lock().unwrap_or_else(PoisonError::into_inner) = None;
        }
        is_temporary
    }
}

fn is_fresh(credentials: &Credentials) -> bool {
    let is_late = |expires: Timestamp| expires.duration_since(Timestamp::now()) < RENEWED_BEFORE;
    !credentials.expires.is_some_and(is_late)
}

fn of_environment() -> Result<Option<Credentials>> {
    match (variable("AWS_ACCESS_KEY_ID"), variable("AWS_SECRET_ACCESS_KEY")) {
        (None, None) => Ok(None),
        (Some(key_id), Some(secret)) => {
            Ok(Some(Credentials { key_id, secret, session_token: variable("AWS_SESSION_TOKEN"), expires: None }))
        }
        (Some(_), None) => Err(incomplete("AWS_ACCESS_KEY_ID is set and AWS_SECRET_ACCESS_KEY is not")),
        (None, Some(_)) => Err(incomplete("AWS_SECRET_ACCESS_KEY is set and AWS_ACCESS_KEY_ID is not")),
    }
}

fn incomplete(why: impl fmt::Display) -> Error {
    Error::new(Kind::NoCredentials, "find", "the credentials of object storage", why)
}

/// Returns an agent for a service that hands out credentials.
fn agent(url: &str, connect: Duration) -> Agent {
    let config = Agent::config_builder()
        .http_status_as_error(false)
        .https_only(url.starts_with("https:"))
        .tls_config(TlsConfig::builder().root_certs(RootCerts::WebPki).build())
        .max_redirects(0)
        .max_redirects_will_error(false)
        .timeout_connect(Some(connect))
        .timeout_recv_response(Some(Duration::from_secs(20)));
    // Services of the machine itself are never behind a proxy.
    let config = if url.starts_with("https:") { config } else { config.proxy(None) };
    Agent::new_with_config(config.build())
}

/// Reads the credentials in the JSON of a container or an instance.
fn of_json(service: &str, text: &str) -> Result<Credentials> {
    let value: serde_json::Value =
        serde_json::from_str(text).map_err(|_| incomplete(format!("{service} does not answer with JSON")))?;
    let field = |name: &str| value[name].as_str().filter(|text| !text.is_empty()).map(str::to_owned);
    let (Some(key_id), Some(secret)) = (field("AccessKeyId"), field("SecretAccessKey")) else {
        return Err(incomplete(format!("{service} answers without a key")));
    };
    let expires = field("Expiration").and_then(|time| time.parse().ok());
    Ok(Credentials { key_id, secret, session_token: field("Token"), expires })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn secrets_are_not_in_the_debug_text() {
        let credentials = Credentials {
            key_id: "key".to_owned(),
            secret: "hidden".to_owned(),
            session_token: Some("token".to_owned()),
            expires: None,
        };
        let shown = format!("{credentials:?} {:?}", Login::fixed(credentials.clone()));
        assert!(shown.contains("key") && !shown.contains("hidden") && !shown.contains("\"token\""), "{shown}");
    }

    #[test]
    fn json_of_a_machine_has_a_key_a_token_and_a_time() {
        let text =
            r#"{"AccessKeyId": "a", "SecretAccessKey": "b", "Token": "c", "Expiration": "2030-01-02T03:04:05Z"}"#;
        let found = of_json("the service", text).expect("valid");
        assert_eq!((found.key_id.as_str(), found.session_token.as_deref()), ("a", Some("c")));
        assert_eq!(found.expires.map(|time| time.to_string()).as_deref(), Some("2030-01-02T03:04:05Z"));
        let missing = of_json("the service", r#"{"Code": "Failed"}"#).expect_err("no key");
        assert_eq!(missing.kind, Kind::NoCredentials);
    }
}
