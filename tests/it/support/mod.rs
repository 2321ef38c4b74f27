//! A folder for each test, and a command that runs in it.

mod command;
mod dir;

pub use command::{Finished, TestCommand};
pub use dir::Dir;
