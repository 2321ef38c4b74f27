//! What the tasks that speak HTTP share: the certificates they trust.

mod certificates;

pub use certificates::root_certificates;
