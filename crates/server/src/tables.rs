//! The tables: what they are, their snapshots, what changed in them, and the way back.

use std::io::Write;

use axum::Json;
use axum::body::Body;
use axum::extract::{Path, Query, State};
use axum::http::HeaderMap;
use axum::response::{IntoResponse, Response};
use digdag_task::{Quiet, Scratch};
use discogs_lakehouse::lake::SealedRun;
use discogs_lakehouse::own::changes::{self, From};
use discogs_lakehouse::sql::DuckDb;
use discogs_lakehouse::tables::iceberg::{
    self, ColumnDescription, OwnName, SnapshotDescription, TableDescription, TableSummary, Tables, lock_waiting,
};
use lake_catalog::Access;
use serde::Deserialize;
use serde_json::{Value, json};

use crate::app::{App, Shared};
use crate::guard::Done;
use crate::problem::Problem;
use crate::{NAME, blocking, body, stream};

/// `GET /tables`: every table with its size.
pub async fn list(State(app): State<Shared>) -> Result<Json<Value>, Problem> {
    let listed = blocking::run(move || {
        Ok(match tables(&app)? {
            Some(mut tables) => tables.all()?.iter().map(TableSummary::of).collect(),
            None => of_run(&app)?.into_iter().map(|table| table.summary).collect::<Vec<_>>(),
        })
    });
    Ok(Json(json!({"tables": listed.await?})))
}

/// `GET /tables/{table}`: a table with its columns.
pub async fn describe(State(app): State<Shared>, Path(name): Path<String>) -> Result<Json<Value>, Problem> {
    let described = blocking::run(move || match tables(&app)? {
        Some(mut tables) => Ok(Some(TableDescription::of(&tables.find(&name)?))),
        None => Ok(of_run(&app)?.into_iter().find(|table| table.summary.table == name)),
    });
    let missing = || Problem::not_found("there is no such table").hint("/tables lists them");
    Ok(Json(json!(described.await.map_err(Problem::into_not_found)?.ok_or_else(missing)?)))
}

/// `GET /tables/{table}/snapshots`: the snapshots of a table, oldest first.
pub async fn snapshots(State(app): State<Shared>, Path(name): Path<String>) -> Result<Json<Value>, Problem> {
    let listed = blocking::run(move || {
        let mut tables = existing(&app)?;
        let table = tables.find(&name)?;
        Ok(json!({
            "table": table.name().to_string(), "metadata_location": table.metadata_location(),
            "snapshots": SnapshotDescription::all(&table)?,
        }))
    });
    Ok(Json(listed.await.map_err(Problem::into_not_found)?))
}

/// The parameters of `GET /tables/{table}/changes`.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ChangesFrom {
    from: String,
}

/// `GET /tables/{table}/changes`: a line of NDJSON for each changed row, as `read-changes` writes it.
pub async fn changes(
    State(app): State<Shared>,
    Path(name): Path<String>,
    query: Result<Query<ChangesFrom>, axum::extract::rejection::QueryRejection>,
) -> Result<Response, Problem> {
    let Query(ChangesFrom { from }) =
        query.map_err(|error| Problem::parameters(error.body_text()).hint("add ?from=start"))?;
    let table: OwnName = name.parse().map_err(|what| Problem::parameters(format!("the table: {what}")))?;
    let from: From = from.parse().map_err(|what| Problem::parameters(format!("parameter from: {what}")))?;
    let permit = app.queries.enter().await?;
    let (limit, shared) = (app.parameters.query_timeout, app.clone());
    stream::answer(&app, permit, limit, "application/x-ndjson", move |outlet, cancel| {
        let scratch = Scratch::of_the_system("discogs-changes.")?;
        let engine = DuckDb::open(&cancel.limits(&shared.settings.engine), scratch.path())?;
        engine.limit_spill(shared.parameters.spill_limit)?;
        changes::stream(&shared.lake, &table.0, &from, &shared.parameters.catalog, &engine, |line| {
            Ok(outlet.write_all(line.as_bytes())?)
        })?;
        Ok(())
    })
    .await
}

/// The body of `POST /tables/{table}/rollback`.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RollBack {
    to: String,
    #[serde(default)]
    dry_run: bool,
}

/// `POST /tables/{table}/rollback`: moves `main` of a table back to an earlier snapshot.
pub async fn roll_back(
    State(app): State<Shared>,
    Path(name): Path<String>,
    headers: HeaderMap,
    body: Body,
) -> Result<Response, Problem> {
    let RollBack { to, dry_run } = body::json(&headers, body, app.parameters.stall_timeout).await?;
    let moved = blocking::run(move || {
        let mut publication = lock_waiting(&app.lake, NAME, &app.parameters.catalog, &Quiet)?;
        publication.existing_tables()?.move_back(Some(&name), &to, dry_run)
    });
    let moved = moved.await?;
    let status = match (moved.is_empty(), dry_run) {
        (true, _) => "already_done",
        (false, true) => "skipped",
        (false, false) => "done",
    };
    let mut response = Json(json!({"status": status, "moved": moved})).into_response();
    response.extensions_mut().insert(Done { result: status.to_owned(), job_id: None, snapshot_id: None });
    Ok(response)
}

/// Opens the lake's Iceberg tables, or returns `None` if the lake has none yet.
fn tables(app: &App) -> anyhow::Result<Option<Tables>> {
    Tables::open(&app.lake, Access::Read, &app.parameters.catalog)
}

fn existing(app: &App) -> anyhow::Result<Tables> {
    Ok(tables(app)?.ok_or_else(|| iceberg::no_tables(&app.lake, "run stage-tables for a sealed run"))?)
}

/// Returns the tables of the published run, for a lake without Iceberg tables; none if no run is published.
fn of_run(app: &App) -> anyhow::Result<Vec<TableDescription>> {
    let Some(id) = app.lake.active()? else { return Ok(Vec::new()) };
    let run = app.lake.run(&id)?;
    let sealed = SealedRun::open(&run)?.manifest().sealed;
    let described = run.datasets()?.into_iter().map(|dataset| {
        let columns = dataset.columns.iter().map(|column| ColumnDescription {
            id: None,
            name: column.name.clone(),
            data_type: column.data_type.clone(),
            required: false,
            doc: None,
        });
        let count = dataset.count();
        TableDescription {
            summary: TableSummary {
                table: count.name.rsplit('/').next().unwrap_or_default().to_owned(),
                rows: Some(count.rows),
                files: Some(count.files),
                bytes: Some(count.bytes),
                snapshot_id: None,
                snapshots: 0,
                updated: Some(sealed),
            },
            columns: columns.collect(),
            key: Vec::new(),
            partition: Vec::new(),
            sort: Vec::new(),
            metadata_location: None,
        }
    });
    Ok(described.collect())
}
