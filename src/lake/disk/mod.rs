//! Files and folders on one disk: durable writes, digests, locks and free space. Knows no lake.

pub mod digest;
pub mod durable;
pub mod free_space;
pub mod lock;
