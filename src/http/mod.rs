//! What the tasks that speak HTTP share: the agent, the certificates it trusts, and the retry policy.

mod agent;
mod certificates;
mod retry;

pub use agent::agent_config;
pub use certificates::root_certificates;
pub use retry::{Deadline, RequestError, RetryPolicy, Transient, in_words};
