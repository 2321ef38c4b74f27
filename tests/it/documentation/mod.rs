//! The documentation is true: its commands run, its pages are what the contract says.

mod commands;
mod readme;
mod tables;
