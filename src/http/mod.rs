//! HTTP for downloads and Trino: the agent, the certificates that it trusts, and the retry policy.

mod agent;
mod certificates;
mod retry;

pub use agent::agent_config;
pub use certificates::root_certificates;
pub use retry::{Deadline, RequestError, RetryPolicy, Transient, in_words};
