//! A folder for each test, a command that runs in it, and the tables that it leaves.

mod command;
mod dir;
mod table;

pub use command::{Finished, TestCommand};
pub use dir::Dir;
pub use table::{Row, Table, Value};
