//! Files and folders on one disk: durable writes, digests, locks, free space, disk usage, and paths of the user's own.
//! Knows no lake and no task.

pub mod digest;
pub mod durable;
mod error;
pub mod free_space;
pub mod lock;
pub mod output;
pub mod read;
pub mod usage;

pub use error::Error;
