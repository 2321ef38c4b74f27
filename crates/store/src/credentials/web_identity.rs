//! Credentials for a web identity: a token in a file, which the token service of AWS exchanges for temporary credentials.
//! This is how pods of Kubernetes and jobs of CI log in.

use std::path::PathBuf;
use std::time::Duration;

use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};

use super::{Credentials, agent, incomplete};
use crate::settings::variable;
use crate::text::Document;
use crate::{Error, Kind, Result};

/// A role, and the file with the token that proves who asks for it.
#[derive(Clone, Debug)]
pub(super) struct WebIdentity {
    token_file: PathBuf,
    role: String,
    session: String,
    endpoint: String,
}

impl WebIdentity {
    /// Returns the web identity of the environment, or `None` if it has none.
    pub fn of_environment(region: &str) -> Result<Option<Self>> {
        let Some(token_file) = variable("AWS_WEB_IDENTITY_TOKEN_FILE") else { return Ok(None) };
        let role = variable("AWS_ROLE_ARN")
            .ok_or_else(|| incomplete("AWS_WEB_IDENTITY_TOKEN_FILE is set and AWS_ROLE_ARN is not"))?;
        let session = variable("AWS_ROLE_SESSION_NAME").unwrap_or_else(|| "discogs-lakehouse".to_owned());
        let endpoint =
            variable("AWS_ENDPOINT_URL_STS").unwrap_or_else(|| format!("https://sts.{region}.amazonaws.com"));
        let is_safe = endpoint.starts_with("https://") || endpoint.starts_with("http://127.0.0.1:");
        if !is_safe {
            return Err(incomplete("AWS_ENDPOINT_URL_STS: expected https://HOST, because the token is a secret"));
        }
        Ok(Some(WebIdentity { token_file: token_file.into(), role, session, endpoint }))
    }

    /// Exchanges the token for credentials.
    pub fn credentials(&self) -> Result<Credentials> {
        let failed = |kind: Kind, why: String| Error::new(kind, "exchange the web identity at", &self.endpoint, why);
        // The file is replaced before the token in it expires, so it is read each time.
        let token = std::fs::read_to_string(&self.token_file)
            .map_err(|error| incomplete(format!("{}: {error}", self.token_file.display())))?;
        let fields = [
            ("Action", "AssumeRoleWithWebIdentity"),
            ("Version", "2011-06-15"),
            ("RoleArn", &self.role),
            ("RoleSessionName", &self.session),
            ("WebIdentityToken", token.trim()),
        ];
        let fields = fields.map(|(name, value)| format!("{name}={}", utf8_percent_encode(value, NON_ALPHANUMERIC)));
        let request =
            agent(&self.endpoint, Duration::from_secs(10)).post(format!("{}/", self.endpoint.trim_end_matches('/')));
        let request = request.header("Content-Type", "application/x-www-form-urlencoded");
        let mut response =
            request.send(fields.join("&")).map_err(|error| failed(Kind::Unavailable, error.to_string()))?;
        let status = response.status().as_u16();
        let text =
            response.body_mut().read_to_string().map_err(|error| failed(Kind::Unavailable, error.to_string()))?;
        let document = Document::parse(&text);
        if status != 200 {
            let kind = if status >= 500 || status == 429 { Kind::Unavailable } else { Kind::NoCredentials };
            // The message of the service may repeat the token, so its code alone is reported.
            let code = document.as_ref().and_then(|document| document.text("Code")).unwrap_or_default();
            return Err(failed(kind, format!("HTTP {status} {code}")));
        }
        let field = |name: &str| document.as_ref().and_then(|document| document.text(name));
        match (field("AccessKeyId"), field("SecretAccessKey")) {
            (Some(key_id), Some(secret)) => Ok(Credentials {
                key_id,
                secret,
                session_token: field("SessionToken"),
                expires: field("Expiration").and_then(|time| time.parse().ok()),
            }),
            _ => Err(failed(Kind::NoCredentials, "the answer has no key".to_owned())),
        }
    }
}
