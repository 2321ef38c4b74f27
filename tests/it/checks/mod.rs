//! What sanity-check, report-active, contract and query say of runs, good and damaged.

mod contract;
mod damage;
mod drift;
mod first_records;
mod good_lake;
mod mutation;
mod page;
mod reports;
mod sealed;
mod showcase;
mod sublabels;
