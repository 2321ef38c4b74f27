//! Refines a table: checks the rows since the last refinement, merges them by key, and commits the table and the one of
//! rejected rows together; starts again if another writer was faster.

use std::fs;
use std::path::Path;
use std::time::Instant;

use anyhow::Context;
use lake_catalog::{Access, PrimitiveType, Session, Table, TableName};

use super::declaration::Declaration;
use super::layout::{self, SourceColumn};
use super::progress::{Origin, Progress};
use super::rejected::{self, Reason};
use super::source::create_source_rows;
use super::steps::{Checked, Steps, mount_references};
use crate::own::columns::Columns;
use crate::own::commit::Target;
use crate::own::merge::{self, Counts};
use crate::own::request::{Mode, Request};
use crate::own::rows;
use crate::own::upsert::{MAX_ATTEMPTS, open};

use crate::sql::statement::{self, piece};
use crate::sql::{DuckDb, EngineParameters};
use crate::tables::iceberg::{NewFiles, OwnCommit, SECONDS, TASK, Tables, lock_waiting, overtaken};
use digdag_task::{Failure, Observer};

/// The request of a refinement.
#[derive(Clone, Copy, Debug)]
pub struct RefineRequest<'r> {
    /// The declaration.
    pub declaration: &'r Declaration,
    /// The name of its file, for messages.
    pub file: &'r Path,
    /// Whether the outcome is only reported.
    pub dry_run: bool,
}

/// How a refinement ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// Both tables were committed; the id is that of the refined table's snapshot.
    Committed(i64),
    /// The table is refined up to the source's snapshot.
    UpToDate,
    /// The request was a dry run.
    DryRun,
}

/// The report of a refinement.
#[derive(Clone, Debug)]
pub struct Refined {
    /// How it ended.
    pub outcome: Outcome,
    /// The refined table.
    pub table: TableName,
    /// The source's rows that were read.
    pub rows: u64,
    /// Those that were rejected.
    pub rejected: u64,
    /// Why, the most frequent reason first.
    pub reasons: Vec<Reason>,
    /// The rows of the refined table.
    pub counts: Counts,
    /// The files of the refined table that were written.
    pub files: usize,
    /// Whether all rows were refined again, because the declaration changed.
    pub is_whole: bool,
}

/// Refines the rows that came to the source of a declaration since its table was refined last.
///
/// # Errors
/// Fails if the source is missing or lacks a column; with a failure of class `ChecksFailed`, if more rows are rejected than the
/// declaration allows; or if the commit fails. No table is changed then.
pub fn refine(
    target: &Target<'_>,
    request: &RefineRequest<'_>,
    engine: &EngineParameters,
    observer: &dyn Observer,
) -> anyhow::Result<Refined> {
    let Target { lake, task, .. } = *target;
    lake.remove_dead_scratch(task)?;
    let scratch = lake.scratch(task)?;
    let work = Work { target, request, began: Instant::now(), declaration_sha256: request.declaration.sha256()? };
    let mut tables = work.load()?;
    if tables.is_up_to_date() {
        return Ok(work.up_to_date(&tables));
    }
    let engine = open(engine, scratch.path())?;
    statement::run(&engine, "refine/any_order", &[])?;
    let run = mount_references(&engine, lake, request.declaration)?.map(|run| run.to_string());
    for attempt in 0..MAX_ATTEMPTS {
        let folder = scratch.path().join(format!("files-{attempt}"));
        make(&folder)?;
        let refined = work.attempt(&engine, &tables, run.clone(), &folder, observer)?;
        if let Some(refined) = refined {
            return Ok(refined);
        }
        observer.note(format_args!("another writer changed {}; refining it again", request.declaration.target));
        fs::remove_dir_all(&folder).with_context(|| format!("cannot remove {}", folder.display()))?;
        tables = work.load()?;
        if tables.is_up_to_date() {
            return Ok(work.up_to_date(&tables));
        }
    }
    Err(overtaken(&tables.target, MAX_ATTEMPTS).into())
}

fn make(folder: &Path) -> anyhow::Result<()> {
    fs::create_dir(folder).with_context(|| format!("cannot make the folder {}", folder.display()))
}

struct Work<'w> {
    target: &'w Target<'w>,
    request: &'w RefineRequest<'w>,
    began: Instant,
    declaration_sha256: String,
}

/// The tables of a refinement as they are.
struct Loaded {
    source: Table,
    /// The source's snapshot.
    snapshot: i64,
    target: TableName,
    table: Option<Table>,
    rejected: Option<Table>,
    progress: Progress,
}

impl Loaded {
    fn is_up_to_date(&self) -> bool {
        self.progress == Progress::UpTo(self.snapshot)
    }
}

/// New files of a table, and the columns that it has then.
struct Part<'p> {
    base: Option<&'p Table>,
    request: Request,
    columns: Columns,
    counts: Counts,
    new: NewFiles,
}

impl Work<'_> {
    fn load(&self) -> anyhow::Result<Loaded> {
        let Target { lake, catalog, .. } = *self.target;
        let declaration = self.request.declaration;
        let invalid = |error: String| anyhow::anyhow!(error);
        let (name, target) = (declaration.source().map_err(invalid)?, declaration.target().map_err(invalid)?);
        let missing = || {
            Failure::parameters(format!("{}: there is no table {name}", self.request.file.display()))
                .hint(format!("append-bronze --table {name} --from FILE makes it"))
        };
        let mut tables = Tables::open(lake, Access::Read, catalog)?.ok_or_else(missing)?;
        let source = tables.own(&name)?.ok_or_else(missing)?;
        let snapshot = source.metadata().current_snapshot_id().ok_or_else(missing)?;
        let table = tables.own(&target)?;
        let progress = Progress::of(table.as_ref(), &name, &self.declaration_sha256);
        Ok(Loaded { source, snapshot, rejected: tables.own(&rejected::table(&target))?, target, table, progress })
    }

    fn up_to_date(&self, tables: &Loaded) -> Refined {
        Refined {
            outcome: Outcome::UpToDate,
            table: tables.target.clone(),
            rows: 0,
            rejected: 0,
            reasons: Vec::new(),
            counts: Counts::default(),
            files: 0,
            is_whole: false,
        }
    }

    /// Refines and commits, unless another writer commits first; returns `None` then.
    fn attempt(
        &self,
        engine: &DuckDb,
        tables: &Loaded,
        run: Option<String>,
        folder: &Path,
        observer: &dyn Observer,
    ) -> anyhow::Result<Option<Refined>> {
        let declaration = self.request.declaration;
        let source = layout::source_columns(&tables.source)?;
        self.require_columns(&tables.source, &source)?;
        create_source_rows(engine, &tables.source, &source, tables.table.as_ref(), tables.progress)?;
        let wanted = layout::wanted(declaration, &source)?;
        let steps = Steps { engine, declaration, source: &source };
        let checked = steps.check(&wanted)?;
        let reasons = if checked.rejected > 0 { rejected::store(&steps)? } else { Vec::new() };
        for Reason { column, reason, rows } in &reasons {
            observer.note(format_args!("rejected: {column}: {reason}: {rows} rows"));
        }
        let Checked { rows, rejected, repeated } = checked;
        if rejected as f64 > rows as f64 * declaration.max_rejected_share {
            return Err(rejected::too_many(declaration, (rejected, rows), &reasons).into());
        }
        let is_whole = tables.progress == Progress::OtherDeclaration;
        let mode = if is_whole { Mode::Replace } else { Mode::Upsert };
        let request = layout::request(declaration, mode)?;
        let left = rows - rejected - repeated;
        let refined = self.part(engine, tables.table.as_ref(), request, (&wanted, left), &folder.join("refined"))?;
        let mut refined_counts = refined.counts;
        refined_counts.input = rows;
        refined_counts.duplicates += repeated;
        let mut report = Refined {
            outcome: Outcome::DryRun,
            table: tables.target.clone(),
            rows,
            rejected,
            reasons,
            counts: refined_counts,
            files: refined.new.written.len(),
            is_whole,
        };
        if self.request.dry_run {
            return Ok(Some(report));
        }
        let mut parts = vec![refined];
        if rejected > 0 || is_whole && tables.rejected.is_some() {
            let columns = rejected::columns();
            let values: u64 = report.reasons.iter().map(|reason| reason.rows).sum();
            let request = rejected::request(&tables.target, mode);
            if values > 0 {
                rejected::load(engine)?;
            } else {
                statement::run(engine, "own/no_rows", &[("columns", &nothing(&columns)?)])?;
            }
            let part =
                self.part(engine, tables.rejected.as_ref(), request, (&columns, values), &folder.join("rejected"))?;
            parts.push(part);
        }
        let name = tables.source.name();
        let declaration_sha256 = &self.declaration_sha256;
        let origin = Origin { source: name, snapshot: tables.snapshot, declaration_sha256, run, rejected };
        let committed = self.commit(parts, &origin, observer)?;
        Ok(committed.map(|snapshot| {
            report.outcome = Outcome::Committed(snapshot);
            report
        }))
    }

    /// Requires that the source has the columns that the declaration names, unless they are optional.
    fn require_columns(&self, table: &Table, source: &[SourceColumn]) -> anyhow::Result<()> {
        for column in self.request.declaration.columns.iter().filter(|column| !column.optional) {
            let name = column.source();
            if !source.iter().any(|found| found.source.eq_ignore_ascii_case(name)) {
                let names: Vec<_> = source.iter().map(|column| column.source.as_str()).collect();
                let (file, source) = (self.request.file.display(), table.name());
                let message = format!("{file}, column {}: {source} has no column {name:?}", column.name);
                return Err(Failure::parameters(message)
                    .hint(format!("it has {}; optional: true allows a source without it", names.join(", ")))
                    .into());
            }
        }
        Ok(())
    }

    /// Merges the rows in `work.raw` into a table, and writes its new files.
    fn part<'p>(
        &self,
        engine: &DuckDb,
        base: Option<&'p Table>,
        request: Request,
        (wanted, count): (&[(String, PrimitiveType)], u64),
        folder: &Path,
    ) -> anyhow::Result<Part<'p>> {
        make(folder)?;
        let columns = layout::columns(wanted, &request.key, base, request.mode)?;
        let change = columns.change(self.target.lake, &request, base, Session::new())?;
        let merge = merge::plan(engine, &layout::raw(wanted, count), base, &columns, &request, &change)?;
        let written = rows::write(engine, &merge, &change, &columns.key, folder)?;
        let new = NewFiles {
            written,
            properties: counted(&merge.counts),
            removed: merge.removed,
            removes_deletes: merge.removes_deletes,
            is_rewrite: false,
        };
        Ok(Part { base, request, columns, counts: merge.counts, new })
    }

    /// Commits all parts in one transaction. Returns the snapshot of the first.
    fn commit(
        &self,
        parts: Vec<Part<'_>>,
        origin: &Origin<'_>,
        observer: &dyn Observer,
    ) -> anyhow::Result<Option<i64>> {
        let Target { lake, task, catalog } = *self.target;
        let mut publication = lock_waiting(lake, task, catalog, observer)?;
        let tables = publication.tables_or_create(catalog)?;
        let seconds = format!("{:.3}", self.began.elapsed().as_secs_f64());
        let commits = parts.iter().map(|part| {
            let mut new = part.new.clone();
            new.properties.extend(origin.properties());
            new.properties.insert(TASK.to_owned(), task.to_owned());
            new.properties.insert(SECONDS.to_owned(), seconds.clone());
            let change =
                move |current: Option<&Table>, session| part.columns.change(lake, &part.request, current, session);
            OwnCommit { name: &part.request.table, base: part.base, new, change: Box::new(change) }
        });
        let committed = tables.commit_together(commits.collect())?;
        Ok(committed.and_then(|snapshots| snapshots.first().copied()))
    }
}

fn counted(counts: &Counts) -> std::collections::HashMap<String, String> {
    let counts = [("inserted", counts.inserted), ("updated", counts.updated), ("deleted", counts.deleted)];
    counts.into_iter().map(|(name, count)| (format!("discogs.rows-{name}"), count.to_string())).collect()
}

/// Returns the columns of a table without rows.
fn nothing(columns: &[(String, PrimitiveType)]) -> anyhow::Result<String> {
    let columns = columns.iter().map(|(name, data_type)| {
        let sql_type = crate::own::types::sql(data_type).unwrap_or_default();
        piece("own/pieces/null", &[("name", &crate::sql::quoted(name)), ("type", &sql_type)])
    });
    Ok(columns.collect::<anyhow::Result<Vec<_>>>()?.join(", "))
}
