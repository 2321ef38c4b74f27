//! The lake on disk: what a run looks like, what is done twice, and what each failure leaves behind.

mod active;
mod already_done;
mod bad_records;
mod bytes;
mod characters;
mod checks;
mod collection;
mod cuttings;
mod dumps;
mod field_ids;
mod layout;
mod locks;
mod order;
mod preflight;
mod promote;
mod query;
mod rollback;
mod root;
mod sandbox;
mod scratch;
mod sealed;
mod storage;
mod versions;
