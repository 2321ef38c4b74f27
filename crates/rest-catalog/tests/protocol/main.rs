//! The REST protocol, request by request, through the router.

#![allow(clippy::unwrap_used)]

mod commits;
mod guarded;
mod namespaces;
mod places;
mod recovery;
mod support;
mod tables;
mod total;
