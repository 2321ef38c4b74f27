//! The documentation is true: its commands run, its pages agree with the contract and the code.

mod faults;
mod readme;
mod tables;
mod troubleshooting;
