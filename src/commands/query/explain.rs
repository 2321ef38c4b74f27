//! `query --explain`: the files of each table that a statement reads and leaves out, and DuckDB's plan.

use serde_json::json;

use crate::commands::screen::{bytes, columns, counted};
use crate::sql::Sandbox;
use crate::tables::ReadTable;
use digdag_task::{Call, say_line};

/// Runs a statement, given with its origin, and shows its plan and the tables that it reads. `None` stands for any table.
///
/// # Errors
/// Fails unless the statement is a single one that only reads, and with DuckDB's error.
pub fn explain(
    sandbox: &Sandbox,
    (sql, origin): (&str, &str),
    read: Option<&[ReadTable]>,
    call: &mut Call,
) -> anyhow::Result<()> {
    let plan = sandbox.explain(sql, origin)?;
    for line in plan.lines().map(str::trim_end).filter(|line| !line.is_empty()) {
        say_line(line);
    }
    let tables = read.unwrap_or_default();
    let row = |table: &ReadTable| {
        vec![
            table.table.clone(),
            format!("{} of {} read", table.files_read, counted(table.files, "file")),
            format!("{} of {}", bytes(table.bytes_read), bytes(table.bytes)),
        ]
    };
    for line in columns(&tables.iter().map(row).collect::<Vec<_>>(), &[false, true, true]) {
        call.say(line);
    }
    let sum = |of: fn(&ReadTable) -> u64| tables.iter().map(of).sum::<u64>();
    let (files, files_read) = (sum(|table| table.files as u64), sum(|table| table.files_read as u64));
    let (all_bytes, bytes_read) = (sum(|table| table.bytes), sum(|table| table.bytes_read));
    call.set_detail("tables_read", json!(tables));
    match read {
        Some(_) => {
            let counts =
                [("files", files), ("files_read", files_read), ("bytes", all_bytes), ("bytes_read", bytes_read)];
            counts.into_iter().for_each(|(name, count)| call.set_metric(name, count));
            let all = counted(files as usize, "file");
            call.summary(format_args!("{files_read} of {all} read, {} of {}", bytes(bytes_read), bytes(all_bytes)));
        }
        // A table function may read any table, so none is left out, and which are read is not known.
        None => call.summary("the statement may read any table, so no file of a table is left out"),
    }
    Ok(())
}
