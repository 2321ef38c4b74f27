//! The documentation is true: its commands run, its pages agree with the contract and the code.

mod checks;
mod commands;
mod faults;
mod readme;
mod rooms;
mod tables;
mod troubleshooting;
