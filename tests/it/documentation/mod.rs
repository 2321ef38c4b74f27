//! The documentation is true: its commands run, its pages are what the contract says.

mod readme;
mod rooms;
mod tables;
