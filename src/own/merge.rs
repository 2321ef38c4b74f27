//! The plan of an upsert: the rows it counts, the files it rewrites, and the statement that returns their new rows.

use std::collections::HashSet;

use lake_catalog::{DataFile, Scan, Table, TableChange};

use super::columns::{Columns, TableColumn};
use super::key_files::candidates;
use super::order::order_by;
use super::raw::Raw;
use super::request::{Mode, Request, Winner};
use super::scan::{self, ReadColumn, create_view, deleted_from};
use crate::sql::statement::{number, piece, rows, run};
use crate::sql::{DuckDb, SqlFile, quoted};
use digdag_task::Failure;

/// The rows of an upsert.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, serde::Serialize)]
pub struct Counts {
    /// Rows of the input.
    pub input: u64,
    /// Rows of the input that a later row of the same key replaces.
    pub duplicates: u64,
    /// Rows that are new.
    pub inserted: u64,
    /// Rows that change.
    pub updated: u64,
    /// Rows that the input leaves as they are.
    pub unchanged: u64,
    /// Rows that are deleted.
    pub deleted: u64,
}

impl Counts {
    /// Returns whether no row of the table changes.
    pub fn is_nothing(&self) -> bool {
        self.inserted + self.updated + self.deleted == 0
    }
}

/// The plan of an upsert.
#[derive(Debug, Default)]
pub struct Merge {
    /// The rows.
    pub counts: Counts,
    /// The locations of the files to remove.
    pub removed: HashSet<String>,
    /// Whether the delete files are removed with them.
    pub removes_deletes: bool,
    /// The number of files that stay.
    pub kept: usize,
    /// The statement that returns the new rows and its origin, unless there are none.
    pub select: Option<(String, String)>,
}

/// Plans an upsert. `change` is the change of the table's columns.
///
/// # Errors
/// Fails with DuckDB's error, or if the table has delete files by key.
pub fn plan(
    engine: &DuckDb,
    raw: &Raw,
    table: Option<&Table>,
    columns: &Columns,
    request: &Request,
    change: &TableChange,
) -> anyhow::Result<Merge> {
    let current = table.and_then(|table| Some((table, table.metadata().current_snapshot_id()?)));
    let scan = current.map(|(table, snapshot)| scan::scan(table, snapshot)).transpose()?.unwrap_or_default();
    let planner = Planner { engine, columns, request, scan: &scan, change };
    let mut counts = Counts { input: raw.rows, ..Counts::default() };
    counts.duplicates = planner.type_input(raw)?;
    planner.merge(counts)
}

struct Planner<'p> {
    engine: &'p DuckDb,
    columns: &'p Columns,
    request: &'p Request,
    scan: &'p Scan,
    change: &'p TableChange,
}

impl Planner<'_> {
    /// Creates the view `incoming` of the rows that count, and returns the number of those that do not.
    fn type_input(&self, raw: &Raw) -> anyhow::Result<u64> {
        let casts = self.columns.columns.iter().filter(|column| column.is_given).map(|column| {
            let source = raw.column(&column.name).map_or(column.name.as_str(), |raw| &raw.name);
            let (source, name) = (quoted(source), quoted(&column.name));
            piece("own/pieces/cast", &[("column", &source), ("name", &name), ("type", &column.sql_type())])
        });
        let casts = casts.collect::<anyhow::Result<Vec<_>>>()?.join(", ");
        run(self.engine, "own/typed", &[("columns", &casts)])?;
        let key = Columns::list(self.columns.key_columns());
        if key.is_empty() || self.request.mode == Mode::Append {
            run(self.engine, "own/incoming_all", &[])?;
            return Ok(0);
        }
        let duplicates = number(self.engine, "own/duplicates", &[("keys", &key)])?;
        if duplicates == 0 {
            run(self.engine, "own/incoming_all", &[])?;
        } else {
            run(self.engine, "own/last_rows", &[("keys", &key), ("order", &self.order_of_rows(raw)?)])?;
            run(self.engine, "own/incoming_last", &[])?;
        }
        run(self.engine, "own/keys", &[("keys", &key)])?;
        Ok(duplicates)
    }

    /// Returns the order by which the last row of a key is kept.
    fn order_of_rows(&self, raw: &Raw) -> anyhow::Result<String> {
        let mut order = Vec::new();
        for name in &self.request.order_by {
            let column = raw
                .column(name)
                .ok_or_else(|| Failure::parameters(format!("parameter order_by: the input has no column {name}")))?;
            order.push(piece("own/pieces/order_key", &[("column", &quoted(&column.name))])?);
        }
        order.push(quoted("input position"));
        piece("own/pieces/order_of_rows", &[("columns", &order.join(", "))])
    }

    fn merge(&self, mut counts: Counts) -> anyhow::Result<Merge> {
        let incoming = counts.input - counts.duplicates;
        let all = || self.scan.data.iter().collect::<Vec<_>>();
        let rewrites_all = !self.columns.rewritten.is_empty();
        match self.request.mode {
            Mode::Append => {
                counts.inserted = incoming;
                let files = if rewrites_all { all() } else { Vec::new() };
                self.merged(counts, files, rewrites_all, if rewrites_all { "appended" } else { "input" })
            }
            Mode::Replace => {
                counts.inserted = incoming;
                counts.deleted = self.scan.data.iter().map(DataFile::record_count).sum();
                self.merged(counts, all(), true, "input")
            }
            Mode::Upsert => {
                self.find_hits()?;
                let found = rows(self.engine, "own/counts", &[])?;
                let mut cells = found.into_iter().flatten().map(|cell| cell.and_then(|cell| cell.parse().ok()));
                counts.updated = cells.next().flatten().unwrap_or(0);
                counts.unchanged = cells.next().flatten().unwrap_or(0);
                counts.inserted = incoming - counts.updated - counts.unchanged;
                if counts.is_nothing() && !rewrites_all {
                    return Ok(self.nothing(counts));
                }
                let files = if rewrites_all { all() } else { self.files_of("own/hit_files")? };
                let is_partial = self.columns.columns.iter().any(|column| !column.is_given);
                self.merged(counts, files, true, if is_partial { "merged_partial" } else { "merged" })
            }
            Mode::Delete => {
                self.find_hits()?;
                counts.deleted = number(self.engine, "own/deleted_count", &[])?;
                if counts.is_nothing() && !rewrites_all {
                    return Ok(self.nothing(counts));
                }
                let files = if rewrites_all { all() } else { self.files_of("own/deleted_files")? };
                self.merged(counts, files, true, "remaining")
            }
        }
    }

    fn nothing(&self, counts: Counts) -> Merge {
        Merge { counts, kept: self.scan.data.len(), ..Merge::default() }
    }

    /// Stores the rows of the table that have a key of the input.
    fn find_hits(&self) -> anyhow::Result<()> {
        let key = self.columns.key_columns();
        let files = candidates(self.engine, &self.scan.data, &key)?;
        self.view("existing", &files)?;
        let compared = self.columns.columns.iter().filter(|column| column.is_given);
        let lineage = self.request.winner.as_ref().map(|winner| winner.lineage.as_slice()).unwrap_or_default();
        let compared = compared.filter(|column| !key.contains(column) && !lineage.contains(&column.name));
        let mut same = Columns::pieces(compared, |_| "own/pieces/same", " AND ")?;
        if same.is_empty() || self.request.mode == Mode::Delete {
            same = (self.request.mode != Mode::Delete).to_string();
        }
        if let Some(winner) = &self.request.winner {
            same = piece("own/pieces/same_or_smaller", &[("same", &same), ("larger", &larger(winner)?)])?;
        }
        let equal = Columns::pieces(key, |_| "own/pieces/equal", " AND ")?;
        run(self.engine, "own/hits", &[("same", &same), ("keys_equal", &equal)])?;
        run(self.engine, "own/matched", &[])
    }

    /// Returns the files that a statement names, and those with deleted rows, so that no delete file is left.
    fn files_of(&self, statement: &str) -> anyhow::Result<Vec<&DataFile>> {
        let mut paths: HashSet<String> = rows(self.engine, statement, &[])?.into_iter().flatten().flatten().collect();
        paths.extend(deleted_from(self.engine, &self.scan.position_deletes)?);
        Ok(self.scan.data.iter().filter(|file| paths.contains(&scan::path(file))).collect())
    }

    fn view(&self, name: &str, files: &[&DataFile]) -> anyhow::Result<()> {
        let column = |column: &TableColumn| ReadColumn {
            name: column.name.clone(),
            data_type: column.data_type.clone(),
            stored: column.stored.clone(),
            is_lenient: false,
        };
        let columns: Vec<_> = self.columns.columns.iter().map(column).collect();
        create_view(self.engine, name, files, &self.scan.position_deletes, &columns)
    }

    fn merged(&self, counts: Counts, files: Vec<&DataFile>, rewrites: bool, name: &str) -> anyhow::Result<Merge> {
        let removed: HashSet<_> = files.iter().map(|file| file.file_path().to_owned()).collect();
        if name != "input" {
            self.view("rewritten", &files)?;
        }
        let columns = &self.columns.columns;
        let is_partial = name == "merged_partial";
        let incoming = Columns::pieces(
            columns,
            |column| match (column.is_given, is_partial) {
                (true, _) => "own/pieces/of_incoming",
                (false, true) => "own/pieces/of_existing",
                (false, false) => "own/pieces/null",
            },
            ", ",
        )?;
        let statement = SqlFile::load(&format!("own/{name}"))?;
        let places = [("columns", Columns::list(columns)), ("incoming", incoming), ("order", order_by(self.change)?)];
        let select = statement.with(&places.each_ref().map(|(place, value)| (*place, value.as_str())));
        Ok(Merge {
            counts,
            kept: self.scan.data.len() - removed.len(),
            removes_deletes: rewrites && self.scan.has_deletes(),
            removed,
            select: Some((select, statement.path)),
        })
    }
}

/// Returns the condition that the row of the table is larger than that of the input.
fn larger(winner: &Winner) -> anyhow::Result<String> {
    let row = |of: &str| {
        let columns = winner
            .order_by
            .iter()
            .map(|column| piece("own/pieces/order_key", &[("column", &format!("{of}.{}", quoted(column)))]));
        let columns = columns.collect::<anyhow::Result<Vec<_>>>()?.join(", ");
        piece("own/pieces/order_of_rows", &[("columns", &columns)])
    };
    piece("own/pieces/larger", &[("existing", &row("existing")?), ("incoming", &row("incoming")?)])
}
