//! The tasks: each reads its parameters, calls the library once and reports an outcome. One file per task; no other
//! module of this crate uses `Call`.

pub mod aggregate_table;
pub mod alter_table;
pub mod append_bronze;
pub mod append_bronze_dump;
mod arguments;
pub mod build_gold;
pub mod build_warehouse;
pub mod compute_kpis;
pub mod contract;
pub mod diff_runs;
pub mod download_dumps;
pub mod download_run;
pub mod enforce_retention;
pub mod export_database;
pub mod export_history;
pub mod export_metrics;
mod failure;
pub mod ingest_artists;
pub mod ingest_collection;
mod ingest_dump;
pub mod ingest_labels;
pub mod ingest_masters;
pub mod ingest_releases;
pub mod lake_status;
pub mod lakehouse_server;
pub mod lakeshell;
pub mod maintain_tables;
pub mod move_catalog;
mod open_lake;
pub mod preflight;
mod project;
pub mod promote;
pub mod prune_runs;
mod publication;
pub mod query;
pub mod read_changes;
pub mod rebuild_catalog;
pub mod refine_table;
pub mod register_tables;
pub mod report_active;
pub mod restore_dump;
pub mod rollback;
pub mod rollback_table;
pub mod sample_dumps;
pub mod sanity_check;
mod screen;
pub mod stage_tables;
pub mod table_history;
pub mod update_run_registry;
pub mod upload_run;
pub mod upsert_table;
pub mod verify_run;
pub mod write_manuals;

use std::process::ExitCode;

use clap::{Command, Parser};

use digdag_task::Call;

use project::PROJECT;

pub use arguments::{LakeArgs, PublishArgs, RunArgs, TextArgs};
pub use failure::{classified, failure_of, main};
pub use open_lake::{OpenLake, ReadableColumn, ReadableTable};
pub use promote::RunMode;

/// Runs a task of this project.
fn task<P: Parser>(run: impl FnOnce(P, &mut Call) -> anyhow::Result<()>) -> ExitCode {
    failure::main(run)
}

/// Returns the command of every task, for completions, manuals and the names of parameters.
pub fn all() -> Vec<Command> {
    vec![
        PROJECT.command::<aggregate_table::AggregateTable>(),
        PROJECT.command::<alter_table::AlterTable>(),
        PROJECT.command::<append_bronze::AppendBronze>(),
        PROJECT.command::<append_bronze_dump::AppendBronzeDump>(),
        PROJECT.command::<build_gold::BuildGold>(),
        PROJECT.command::<build_warehouse::BuildWarehouse>(),
        PROJECT.command::<compute_kpis::ComputeKpis>(),
        PROJECT.command::<contract::ShowContract>(),
        PROJECT.command::<diff_runs::DiffRuns>(),
        PROJECT.command::<download_dumps::DownloadDumps>(),
        PROJECT.command::<download_run::DownloadRun>(),
        PROJECT.command::<enforce_retention::EnforceRetention>(),
        PROJECT.command::<export_database::ExportDatabase>(),
        PROJECT.command::<export_history::ExportHistory>(),
        PROJECT.command::<export_metrics::ExportMetrics>(),
        PROJECT.command::<ingest_artists::IngestArtists>(),
        PROJECT.command::<ingest_collection::IngestCollection>(),
        PROJECT.command::<ingest_labels::IngestLabels>(),
        PROJECT.command::<ingest_masters::IngestMasters>(),
        PROJECT.command::<ingest_releases::IngestReleases>(),
        PROJECT.command::<lake_status::LakeStatus>(),
        PROJECT.command::<lakehouse_server::LakehouseServer>(),
        PROJECT.command::<maintain_tables::MaintainTables>(),
        PROJECT.command::<move_catalog::MoveCatalog>(),
        PROJECT.command::<preflight::Preflight>(),
        PROJECT.command::<promote::Promote>(),
        PROJECT.command::<prune_runs::PruneRuns>(),
        PROJECT.command::<query::Query>(),
        PROJECT.command::<read_changes::ReadChanges>(),
        PROJECT.command::<rebuild_catalog::RebuildCatalog>(),
        PROJECT.command::<refine_table::RefineTable>(),
        PROJECT.command::<register_tables::RegisterTables>(),
        PROJECT.command::<report_active::ReportActive>(),
        PROJECT.command::<restore_dump::RestoreDump>(),
        PROJECT.command::<rollback::Rollback>(),
        PROJECT.command::<rollback_table::RollbackTable>(),
        PROJECT.command::<sample_dumps::SampleDumps>(),
        PROJECT.command::<sanity_check::SanityCheck>(),
        PROJECT.command::<stage_tables::StageTables>(),
        PROJECT.command::<table_history::TableHistory>(),
        PROJECT.command::<update_run_registry::UpdateRunRegistry>(),
        PROJECT.command::<upload_run::UploadRun>(),
        PROJECT.command::<upsert_table::UpsertTable>(),
        PROJECT.command::<verify_run::VerifyRun>(),
        PROJECT.command::<write_manuals::WriteManuals>(),
    ]
}
