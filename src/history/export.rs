//! The KPIs of all runs as CSV and as a page.

use std::borrow::Cow;
use std::collections::{BTreeMap, BTreeSet};
use std::path::PathBuf;

use super::events::{Events, Rows};
use super::page::{Line, page};
use crate::lake::Lake;
use crate::page::plain_cell;
use digdag_task::{Failure, SharedObserver};

const PAGE: &str = "history_kpis.html";

/// The reports that an export wrote.
pub struct ExportedHistory {
    /// The number of KPI values in the reports.
    pub values: usize,
    /// The CSV files by name.
    pub csv: Vec<(&'static str, PathBuf)>,
    /// The HTML page.
    pub page: PathBuf,
}

/// Writes the KPIs of all runs as CSV, long and wide, and as a page with a line for each KPI over the months. Returns
/// `None` if the existing reports are up to date. `with_timestamp` also keeps a copy of the CSVs with the time in its
/// name; `raw` leaves cells unescaped that a spreadsheet would run as formulas.
///
/// # Errors
/// Returns an error of class `Input` if the history has no KPIs, and an error if a report cannot be written.
pub fn export_history(
    lake: &Lake,
    task: &str,
    with_timestamp: bool,
    raw: bool,
    observer: SharedObserver,
) -> anyhow::Result<Option<ExportedHistory>> {
    let events = Events::open(lake, task, observer)?;
    let (header, rows) = events.query("kpis")?;
    if rows.is_empty() {
        return Err(Failure::input(format!("no KPIs are known in {}", lake.root().display()))
            .hint("run update-run-registry and compute-kpis first")
            .into());
    }
    let long = csv_of(&header, &rows, raw)?;
    let (header, wide_rows) = wide(&rows);
    let wide = csv_of(&header, &wide_rows, raw)?;
    let page = page(&lines(&rows, &events.query("months")?.1));

    let folder = events.folder();
    let reports = [("history_kpis_long_latest", &long), ("history_kpis_wide_latest", &wide)];
    let same = |name: &str, bytes: &[u8]| folder.report(name).is_some_and(|there| there == bytes);
    let unchanged = reports.iter().all(|(name, bytes)| same(&format!("{name}.csv"), bytes));
    if unchanged && same(PAGE, page.as_bytes()) {
        return Ok(None);
    }
    let time = jiff::Timestamp::now().strftime("%Y%m%d_%H%M%S");
    let mut csv = Vec::new();
    for (name, bytes) in reports {
        if with_timestamp && !unchanged {
            folder.write_report(&format!("{name}_{time}.csv"), bytes)?;
        }
        csv.push((name, folder.write_report(&format!("{name}.csv"), bytes)?));
    }
    let page = folder.write_report(PAGE, page.as_bytes())?;
    Ok(Some(ExportedHistory { values: rows.len(), csv, page }))
}

fn csv_of(header: &[String], rows: &Rows, raw: bool) -> anyhow::Result<Vec<u8>> {
    let mut csv = csv::Writer::from_writer(Vec::new());
    csv.write_record(header)?;
    for row in rows {
        let cells = row.iter().map(|cell| cell.as_deref().unwrap_or_default());
        csv.write_record(cells.map(|cell| if raw { Cow::Borrowed(cell) } else { plain_cell(cell) }.into_owned()))?;
    }
    Ok(csv.into_inner().map_err(|error| error.into_error())?)
}

/// A row of `sql/history/queries/kpis.sql`.
struct Value<'r> {
    time: &'r str,
    run_id: &'r str,
    schema_name: &'r str,
    kpi: &'r str,
    /// Empty if the KPI failed.
    value: &'r str,
}

fn values(rows: &Rows) -> impl Iterator<Item = Value<'_>> {
    rows.iter().map(|row| {
        let cell = |index: usize| row.get(index).and_then(Option::as_deref).unwrap_or_default();
        Value { time: cell(0), run_id: cell(1), schema_name: cell(2), kpi: cell(3), value: cell(4) }
    })
}

/// Returns a table with a row per run and a column per KPI. A failed KPI is blank, because a zero would mislead.
fn wide(rows: &Rows) -> (Vec<String>, Rows) {
    let kpis: BTreeSet<&str> = values(rows).map(|value| value.kpi).collect();
    let mut runs: BTreeMap<&str, (&str, &str, BTreeMap<&str, &str>)> = BTreeMap::new();
    for value in values(rows) {
        let run = runs.entry(value.run_id).or_insert((value.schema_name, value.time, BTreeMap::new()));
        run.1 = run.1.max(value.time);
        run.2.insert(value.kpi, value.value);
    }
    let header = ["run_id", "schema_name", "event_ts_utc"].into_iter().chain(kpis.iter().copied());
    let header = header.map(str::to_owned).collect();
    let row = |(run_id, (schema_name, time, found)): (&str, (&str, &str, BTreeMap<&str, &str>))| {
        let values = kpis.iter().map(|kpi| found.get(kpi).copied().unwrap_or_default());
        [run_id, schema_name, time].into_iter().chain(values).map(|cell| Some(cell.to_owned())).collect()
    };
    (header, runs.into_iter().map(row).collect())
}

/// Returns a line for each KPI over the months. `months` maps each month to the run that represents it.
fn lines(rows: &Rows, months: &Rows) -> Vec<Line> {
    let months = months.iter().filter_map(|row| Some((row.get(1)?.as_deref()?, row.first()?.as_deref()?)));
    let months: BTreeMap<&str, &str> = months.collect();
    let mut lines: BTreeMap<&str, Vec<(String, i64)>> = BTreeMap::new();
    for value in values(rows) {
        if let (Some(month), Ok(number)) = (months.get(value.run_id), value.value.parse()) {
            lines.entry(value.kpi).or_default().push(((*month).to_owned(), number));
        }
    }
    let line = |(kpi, mut points): (&str, Vec<(String, i64)>)| {
        points.sort();
        Line { kpi: kpi.to_owned(), points }
    };
    lines.into_iter().map(line).collect()
}
