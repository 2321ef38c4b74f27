//! One pass over the files of a run, which answers the checks that the contract declares.
//!
//! ```text
//! referenced tables: id, name ─▶ References                    references.rs
//! every table: all columns ────▶ profile of each column        figures.rs
//!                               NULLs, accepted values,
//!                               references, names              rules.rs
//!                               uniqueness and gaps of the key key.rs
//! two tables side by side: texts against the rows they are
//!                  joined of, references to a part of a
//!                  record, the same set for each record        joined.rs contained.rs sets.rs
//! the warehouse: the rows of a table against those that its sources
//!                  give, in any order                          derived/ row_sum.rs normal.rs
//! ```
//!
//! The pass counts the rows that break a rule, or proves that no row does. If it can do neither (rows out of order, ids
//! that are not small positive numbers, a key that repeats), it leaves the check unanswered, and the query of the check
//! decides. So the queries in sql/checks/generic stay the definition of every check, and find the samples of a check
//! that is broken. The files are read with a reader that is not DuckDB's and shares no code with the writer.

mod contained;
mod derived;
mod figures;
mod joined;
mod key;
mod normal;
mod reader;
mod references;
mod row_sum;
mod rules;
mod sets;

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering};

use anyhow::Context;

use super::profile::TableProfile;
use super::query::CheckQuery;
use crate::contract::{Contract, Table};
use crate::lake::{Dataset, Run};
use crate::parallel::on_threads;
use digdag_task::{Amount, Meter, Observer};

use contained::contained;
use figures::TableFigures;
use joined::Joined;
use key::KeyOrder;
use references::References;
use rules::{Rule, RuleCount};
use sets::same_sets;

pub use derived::Derivation;
pub use normal::Readable;
pub use rules::RuleOf;

/// The answers of the pass.
#[derive(Debug, Default)]
pub struct Scan {
    /// The rows that break a check, by the name of the check. A check that is missing here is unanswered.
    pub broken: BTreeMap<String, u64>,
    /// The profile of each table, by its name in the contract. A table whose distinct keys cannot be counted in one pass
    /// has `keys` 0 here and is named in `keys_unknown`.
    pub profiles: BTreeMap<String, TableProfile>,
    /// Tables whose keys the pass could not decide; a query does.
    pub keys_unknown: Vec<String>,
}

/// A table that is read.
#[derive(Clone, Copy)]
struct Source<'s> {
    table: &'s Table,
    dataset: &'s Dataset,
    run: &'s Run,
}

impl Source<'_> {
    fn files(&self) -> Vec<PathBuf> {
        self.run.dataset_files(self.dataset)
    }
}

enum Work<'s> {
    Table(Source<'s>),
    SideBySide { check: &'s CheckQuery, table: Source<'s>, other: Source<'s> },
    Derived { check: &'s CheckQuery, derivation: Derivation, table: Source<'s>, sources: Vec<Source<'s>> },
}

impl Work<'_> {
    /// The bytes of Parquet that the work reads. A comparison reads few of the columns, about half of the bytes.
    fn bytes(&self) -> u64 {
        match self {
            Work::Table(source) => source.dataset.bytes(),
            Work::SideBySide { other, .. } => other.dataset.bytes() / 2,
            Work::Derived { table, sources, .. } => {
                let of_sources: u64 = sources.iter().map(|source| source.dataset.bytes()).sum();
                table.dataset.bytes() + of_sources / 2
            }
        }
    }
}

/// The bytes that all threads have read.
struct Progress<'p> {
    meter: &'p dyn Meter,
    read: AtomicU64,
}

impl Progress<'_> {
    fn add(&self, bytes: u64, source: &Source<'_>) {
        let read = self.read.fetch_add(bytes, Ordering::Relaxed) + bytes;
        self.meter.advance_to(read, &|| format!("reading {}", source.table.report_name()));
    }
}

enum Done {
    Table(String, TableProfile, bool, Vec<(String, u64)>),
    Proven(String),
    Unproven,
}

/// Reads the tables once and answers what can be answered of the checks. `observer` sees the bytes read.
///
/// # Errors
/// Fails if a file cannot be read.
pub fn scan(
    contract: &Contract,
    run: &Run,
    datasets: &[(&Table, Dataset)],
    checks: &[CheckQuery],
    threads: usize,
    spill: &Path,
    observer: &dyn Observer,
) -> anyhow::Result<Scan> {
    let sources: Vec<_> = datasets.iter().map(|(table, dataset)| Source { table, dataset, run }).collect();
    let source = |name: &str| sources.iter().find(|source| source.table.name == name).copied();
    let references = References::read(contract, &sources, threads)?;
    let mut work = Vec::new();
    for check in checks {
        let other = match &check.rule {
            Some(RuleOf::Derived(derivation)) => {
                let sources: Option<Vec<_>> = derivation.reads().iter().map(|name| source(name)).collect();
                if let (Some(table), Some(sources)) = (source(&check.of), sources) {
                    work.push(Work::Derived { check, derivation: *derivation, table, sources });
                }
                continue;
            }
            Some(RuleOf::Joined { from, .. }) => from,
            Some(RuleOf::Contained { to, .. } | RuleOf::SameSet { to, .. }) => to,
            _ => continue,
        };
        if let (Some(table), Some(other)) = (source(&check.of), source(other)) {
            work.push(Work::SideBySide { check, table, other });
        }
    }
    work.extend(sources.iter().map(|source| Work::Table(*source)));
    // The longest first, so that no thread ends long after the others.
    work.sort_by_key(|work| std::cmp::Reverse(work.bytes()));
    let meter = observer.begin(Amount::bytes(work.iter().map(Work::bytes).sum()));
    let progress = Progress { meter: meter.as_ref(), read: AtomicU64::new(0) };
    let results = on_threads(threads, work, |work| match work {
        Work::Table(source) => scan_table(source, checks, &references, &progress),
        Work::SideBySide { check, table, other } => {
            let proven = side_by_side(check, table, other, spill)?;
            progress.add(work.bytes(), &other);
            Ok(if proven { Done::Proven(check.name.clone()) } else { Done::Unproven })
        }
        Work::Derived { check, derivation, table, ref sources } => {
            let proven = derivation.agrees(table, sources)?;
            progress.add(work.bytes(), &table);
            Ok(if proven { Done::Proven(check.name.clone()) } else { Done::Unproven })
        }
    });
    let mut scan = Scan::default();
    for result in results {
        match result? {
            Done::Table(name, profile, keys_known, broken) => {
                if !keys_known {
                    scan.keys_unknown.push(name.clone());
                }
                scan.profiles.insert(name, profile);
                scan.broken.extend(broken);
            }
            Done::Proven(check) => {
                scan.broken.insert(check, 0);
            }
            Done::Unproven => {}
        }
    }
    Ok(scan)
}

fn side_by_side(check: &CheckQuery, table: Source<'_>, other: Source<'_>, spill: &Path) -> anyhow::Result<bool> {
    match &check.rule {
        Some(RuleOf::Joined { column, separator, pieces, .. }) => {
            let joined = Joined { table, column, from: other, separator };
            match pieces {
                Some(query) => joined.agrees_with_query(query, &spill.join(column)),
                None => {
                    let declared = table.table.column(column).and_then(|column| column.joined.as_ref());
                    declared.map_or(Ok(false), |declared| joined.agrees_with_column(&declared.column))
                }
            }
        }
        Some(RuleOf::Contained { column, of, .. }) => contained(table, column, other, of),
        Some(RuleOf::SameSet { column, of, .. }) => same_sets((table, column), (other, of)),
        _ => Ok(false),
    }
}

fn scan_table(
    source: Source<'_>,
    checks: &[CheckQuery],
    references: &References,
    progress: &Progress<'_>,
) -> anyhow::Result<Done> {
    let table = source.table;
    let mut figures = TableFigures::of(table);
    let mut order = KeyOrder::of(table);
    let mut counts: Vec<RuleCount<'_>> = Vec::new();
    for check in checks.iter().filter(|check| check.of == table.name) {
        if let Some(rule) = check.rule.as_ref().and_then(|rule| Rule::of(rule, references)) {
            counts.push(RuleCount::new(&check.name, rule));
        }
    }
    let bytes_a_row = source.dataset.bytes() as f64 / source.dataset.rows.max(1) as f64;
    for batch in reader::batches(&source.files(), None) {
        let batch = batch?;
        progress.add((batch.num_rows() as f64 * bytes_a_row) as u64, &source);
        figures.add(&batch).with_context(|| table.name.clone())?;
        order.add(&batch);
        for count in &mut counts {
            count.add(&batch);
        }
    }
    let mut broken: Vec<_> = counts.into_iter().filter_map(RuleCount::finish).collect();
    for check in checks.iter().filter(|check| check.of == table.name) {
        let proven = match check.rule {
            Some(RuleOf::Unique) => order.is_unique(),
            Some(RuleOf::Gaps) => order.is_consecutive(),
            _ => false,
        };
        if proven {
            broken.push((check.name.clone(), 0));
        }
    }
    let keys = order.distinct();
    let profile = figures.profile(table, source.dataset, keys.unwrap_or_default());
    Ok(Done::Table(table.name.clone(), profile, keys.is_some(), broken))
}
