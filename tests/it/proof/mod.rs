//! Proof that ingest loses nothing: what the binaries write is compared with what a reader says that was written apart
//! from them, on real dumps and on generated ones.

mod choices;
mod dom;
mod dumps;
mod found;
mod generated;
mod lake;
mod layout;
mod layout_change;
mod mutations;
mod real;
mod records;
mod reference;
mod text_sum;

use discogs_lakehouse::dump::Entity;
