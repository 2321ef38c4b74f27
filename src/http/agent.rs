//! The settings of every HTTP agent.

use ureq::Agent;
use ureq::config::ConfigBuilder;
use ureq::http::Uri;
use ureq::tls::{RootCerts, TlsConfig};
use ureq::typestate::AgentScope;

/// Returns the common settings of an agent for a server at `address`: an HTTP status is no error, TLS is never
/// downgraded, and only the authorities in `trusted` are accepted.
pub fn agent_config(address: &str, trusted: RootCerts) -> ConfigBuilder<AgentScope> {
    Agent::config_builder()
        .http_status_as_error(false)
        .https_only(address.starts_with("https:"))
        .user_agent(concat!("discogs-lakehouse/", env!("CARGO_PKG_VERSION")))
        .tls_config(TlsConfig::builder().root_certs(trusted).build())
}

/// Returns whether the host of an address is this machine.
pub fn is_loopback(address: &str) -> bool {
    let host = address.parse::<Uri>().ok().and_then(|uri| uri.host().map(str::to_owned)).unwrap_or_default();
    matches!(host.as_str(), "127.0.0.1" | "localhost" | "[::1]")
}
