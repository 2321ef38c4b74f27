//! Serves the catalog of a lake on loopback without login, for tries and tests:
//!
//! ```text
//! serve LAKE [--port N] [--catalog FILE|postgres://USER@HOST:PORT/DATABASE] [--under /PATH] [--writable]
//! ```
//!
//! The password of Postgres is in PGPASSWORD. Without `--writable`, the tables that the lake's tasks fill are read-only.
//! With `--until-stdin-ends`, the server ends with the process that started it.

use std::io::Read;
use std::path::PathBuf;
use std::sync::Arc;

use axum::Router;
use lake_catalog::Store;
use lake_rest_catalog::{Guard, Protected, RestCatalog, ServedLake, Unguarded, router};

const USAGE: &str = "serve LAKE [--port N] [--catalog FILE|URL] [--under /PATH] [--writable] [--until-stdin-ends]";

#[tokio::main]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let mut arguments = std::env::args().skip(1);
    let root = PathBuf::from(arguments.next().ok_or(USAGE)?).canonicalize()?;
    let mut catalog = root.join("_meta/catalog.sqlite").display().to_string();
    let (mut port, mut under) = (0, String::new());
    let mut guard: Arc<dyn Guard> =
        Arc::new(Protected::new(&["bronze", "silver", "gold"], &["discogs.of-runs", "discogs.from-runs"]));
    while let Some(argument) = arguments.next() {
        match argument.as_str() {
            "--port" => port = arguments.next().ok_or(USAGE)?.parse()?,
            "--catalog" => catalog = arguments.next().ok_or(USAGE)?,
            "--under" => under = arguments.next().ok_or(USAGE)?,
            "--writable" => guard = Arc::new(Unguarded),
            "--until-stdin-ends" => drop(std::thread::spawn(|| {
                let _ = std::io::stdin().read_to_end(&mut Vec::new());
                std::process::exit(0);
            })),
            _ => return Err(USAGE.into()),
        }
    }
    let store = match catalog.starts_with("postgres://") {
        true => Store::Postgres { url: catalog, password: std::env::var("PGPASSWORD").ok() },
        false => Store::Sqlite(PathBuf::from(catalog)),
    };
    let (tables, state) = (root.join("_tables"), root.join("_meta/rest-catalog"));
    let lake = ServedLake { store, root, tables, state };
    let catalog = tokio::task::spawn_blocking(move || RestCatalog::open(lake, guard)).await??;
    let listener = tokio::net::TcpListener::bind(("127.0.0.1", port)).await?;
    println!("http://{}{under}", listener.local_addr()?);
    let served = if under.is_empty() { router(catalog) } else { Router::new().nest(&under, router(catalog)) };
    axum::serve(listener, served).await?;
    Ok(())
}
