//! The metrics of runs: the age of the published month, its failed checks, and the seconds of its tasks.

use jiff::Timestamp;
use jiff::civil::Date;
use jiff::tz::TimeZone;
use prometheus::{HistogramVec, Registry};

use super::gauge;
use crate::contract::Contract;
use crate::lake::{Lake, Run};
use crate::tables::iceberg::table_name;
use digdag_task::Status;

/// Adds the metrics of a lake's runs to a registry.
///
/// # Errors
/// Fails if the lake cannot be listed.
pub fn observe(registry: &Registry, writes: &HistogramVec, lake: &Lake) -> anyhow::Result<()> {
    let contract = Contract::load()?;
    let runs = gauge(registry, "lake_runs", "Runs in the lake, sealed or not", &[])?;
    let ids = lake.run_ids()?;
    runs.with_label_values(&[] as &[&str]).set(ids.len() as f64);
    for id in &ids {
        for outcome in lake.run(id)?.outcomes()? {
            // A task writes the tables of one layer.
            let written = contract.tables_of(&outcome.task).first().map(|table| table_name(table).namespace);
            if let (Some(layer), Status::Done) = (written, outcome.status) {
                writes.with_label_values(&[layer.as_str(), outcome.task.as_str()]).observe(outcome.seconds);
            }
        }
    }
    match lake.active()? {
        Some(id) => published(registry, &lake.run(&id)?),
        None => Ok(()),
    }
}

fn published(registry: &Registry, run: &Run) -> anyhow::Result<()> {
    let tasks = gauge(registry, "lake_task_duration_seconds", "Seconds of the tasks of the published run", &["task"])?;
    for outcome in run.outcomes()? {
        tasks.with_label_values(&[outcome.task.as_str()]).set(outcome.seconds);
    }
    if let Some(month) = run.id().dump_month() {
        let first: Date = format!("{}-01", month.as_str()).parse()?;
        let age = Timestamp::now().duration_since(first.to_zoned(TimeZone::UTC)?.timestamp());
        let help = "Seconds since the first day of the month that is published";
        gauge(registry, "lake_published_month_age_seconds", help, &["month"])?
            .with_label_values(&[month.as_str()])
            .set(age.as_secs_f64());
    }
    if let Some(report) = run.newest_report()? {
        let failed = gauge(
            registry,
            "lake_failed_checks",
            "Failed checks of the newest report on the published run",
            &["severity"],
        )?;
        for (severity, key) in [("critical", "critical_failed"), ("warning", "warnings")] {
            let count = report["summary"][key].as_f64().unwrap_or(0.0);
            failed.with_label_values(&[severity]).set(count);
        }
    }
    Ok(())
}
