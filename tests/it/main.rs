//! Behaviour of the tasks, through the binaries.

mod generate;
