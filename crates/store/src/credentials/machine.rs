//! Credentials that a container or an instance hands to the programs in it.

use std::time::Duration;

use super::{Credentials, agent, incomplete, of_json};
use crate::settings::variable;
use crate::{Error, Kind, Result};

/// Where an instance answers, and how long a connection to it may take: elsewhere nothing answers at all.
const INSTANCE: &str = "http://169.254.169.254";
const CONNECT: Duration = Duration::from_secs(2);

const CONTAINER: &str = "http://169.254.170.2";
const ROLES: &str = "latest/meta-data/iam/security-credentials/";

/// The service of a container or an instance.
#[derive(Clone, Debug)]
pub(super) enum Machine {
    Container { url: String, token: Option<String>, token_file: Option<String> },
    Instance { url: String },
}

impl Machine {
    /// Returns the service that the environment names, or that of an instance unless it is disabled.
    pub fn of_environment() -> Result<Option<Self>> {
        let full = variable("AWS_CONTAINER_CREDENTIALS_FULL_URI");
        let relative = variable("AWS_CONTAINER_CREDENTIALS_RELATIVE_URI").map(|path| format!("{CONTAINER}{path}"));
        if let Some(url) = relative.or(full) {
            let local = [
                "http://127.0.0.1",
                "http://localhost",
                "http://[::1]",
                "http://169.254.170.2",
                "http://169.254.170.23",
            ];
            let is_local =
                local.iter().any(|host| url.strip_prefix(host).is_some_and(|rest| rest.starts_with([':', '/'])));
            if !url.starts_with("https://") && !is_local {
                return Err(incomplete("AWS_CONTAINER_CREDENTIALS_FULL_URI: expected https, or http to this machine"));
            }
            let token = variable("AWS_CONTAINER_AUTHORIZATION_TOKEN");
            let token_file = variable("AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE");
            return Ok(Some(Machine::Container { url, token, token_file }));
        }
        if variable("AWS_EC2_METADATA_DISABLED").is_some_and(|value| value.eq_ignore_ascii_case("true")) {
            return Ok(None);
        }
        let url = variable("AWS_EC2_METADATA_SERVICE_ENDPOINT").unwrap_or_else(|| INSTANCE.to_owned());
        Ok(Some(Machine::Instance { url: url.trim_end_matches('/').to_owned() }))
    }

    /// Asks the service for credentials.
    pub fn credentials(&self) -> Result<Credentials> {
        match self {
            Machine::Container { url, token, token_file } => {
                let token = match token_file {
                    Some(file) => {
                        Some(std::fs::read_to_string(file).map_err(|error| incomplete(format!("{file}: {error}")))?)
                    }
                    None => token.clone(),
                };
                let header = token.as_deref().map(|token| ("Authorization", token.trim()));
                of_json("the container", &get(url, header)?)
            }
            Machine::Instance { url } => {
                let token = put_token(url)?;
                let header = Some(("X-aws-ec2-metadata-token", token.as_str()));
                let roles = get(&format!("{url}/{ROLES}"), header)?;
                let role = roles.lines().next().unwrap_or_default().trim().to_owned();
                of_json("the instance", &get(&format!("{url}/{ROLES}{role}"), header)?)
            }
        }
    }
}

/// An address that does not answer belongs to no instance, so the message names the other ways.
fn failed(url: &str, why: impl std::fmt::Display) -> Error {
    let why = format!("{why}; AWS_ACCESS_KEY_ID, a profile and a web identity have none either");
    Error::new(Kind::NoCredentials, "find the credentials of object storage at", url, why)
}

fn put_token(url: &str) -> Result<String> {
    let place = format!("{url}/latest/api/token");
    let request = agent(url, CONNECT).put(&place).header("X-aws-ec2-metadata-token-ttl-seconds", "21600");
    let mut response = request.send_empty().map_err(|error| failed(url, error))?;
    match response.status().as_u16() {
        200 => response.body_mut().read_to_string().map_err(|error| failed(url, error)),
        status => Err(failed(url, format!("HTTP {status}"))),
    }
}

fn get(url: &str, header: Option<(&str, &str)>) -> Result<String> {
    let mut request = agent(url, CONNECT).get(url);
    if let Some((name, value)) = header {
        request = request.header(name, value);
    }
    let mut response = request.call().map_err(|error| failed(url, error))?;
    match response.status().as_u16() {
        200 => response.body_mut().read_to_string().map_err(|error| failed(url, error)),
        status => Err(failed(url, format!("HTTP {status}"))),
    }
}
