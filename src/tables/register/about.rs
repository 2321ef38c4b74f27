//! Views in Trino about the tables of an Iceberg catalog: their sizes, files and snapshots.
//!
//! Trino has a metadata table beside each table and none over all of them, so the views name the tables that are there when
//! they are made. Their rows are those of now.

use super::definition::{Definition, statement};
use super::plan::Plan;
use crate::sql::{SqlFile, Trino, quoted, text_literal};

/// Lists the tables of a catalog, each by its schema and name.
pub(super) fn tables(trino: &Trino, catalog: &str) -> anyhow::Result<Vec<(String, String)>> {
    let file = SqlFile::load("trino/about/tables")?;
    let rows = trino.table(&file.with(&[("catalog", &quoted(catalog))]), &file.path)?.1.into_iter();
    Ok(rows.filter_map(|row| <[Option<String>; 2]>::try_from(row).ok()).filter_map(|[a, b]| a.zip(b)).collect())
}

impl Plan<'_> {
    /// Plans the views over tables of a catalog.
    ///
    /// # Errors
    /// Fails if a file of `sql/trino/about` is missing.
    pub(super) fn about(tables: &[(String, String)], catalog: &str) -> anyhow::Result<Self> {
        let mut plan = Plan { definitions: Vec::new(), tables: Vec::new() };
        if tables.is_empty() {
            return Ok(plan);
        }
        let rows = |file: &str, metadata: &str| -> anyhow::Result<String> {
            let template = SqlFile::load(&format!("trino/about/{file}"))?;
            let of_table = |(schema, name): &(String, String)| {
                let qualified = [catalog, schema, &format!("{name}${metadata}")].map(quoted).join(".");
                let places =
                    [("layer", &*text_literal(schema)), ("name", &*text_literal(name)), (metadata, &*qualified)];
                statement(&template.with(&places))
            };
            Ok(tables.iter().map(of_table).collect::<Vec<_>>().join("\nUNION ALL\n"))
        };
        let name = |(schema, name): &(String, String)| format!("({}, {})", text_literal(schema), text_literal(name));
        let names = tables.iter().map(name).collect::<Vec<_>>().join(", ");
        let (files, snapshots, refs) =
            (rows("file_rows", "files")?, rows("snapshot_rows", "snapshots")?, rows("ref_rows", "refs")?);
        let places = [("files", &*files), ("names", &*names), ("snapshots", &*snapshots), ("refs", &*refs)];
        // Views are made in parallel, so none of them reads another.
        for view in ["table_files", "table_sizes", "table_snapshots"] {
            let file = SqlFile::load(&format!("trino/about/{view}"))?;
            plan.definitions.push(Definition::of_view(&SqlFile { text: file.with(&places), ..file }));
        }
        Ok(plan)
    }
}
