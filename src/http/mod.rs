//! HTTP for downloads, Trino and the URLs of catalogs: the agent, the certificates that it trusts, and the retry policy.

mod agent;
mod certificates;
mod retry;

pub use agent::{agent_config, is_loopback};
pub use certificates::root_certificates;
pub use retry::{Deadline, RequestError, RetryPolicy, Transient, in_words};
