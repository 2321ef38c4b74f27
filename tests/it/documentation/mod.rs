//! The documentation is true: its commands run, its pages agree with the contract and the code.

mod readme;
mod tables;
