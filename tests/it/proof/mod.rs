//! Proof that ingest loses nothing: what the binaries write is compared with what a reader says that was written apart
//! from them, on real dumps and on generated ones.

mod dom;
mod dumps;
mod entity;
mod lake;
mod layout_change;
mod real;
mod reference;
