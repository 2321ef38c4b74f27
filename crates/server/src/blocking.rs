//! Work that blocks: the lake, its catalog, and DuckDB.

use crate::problem::Problem;

/// Runs work that blocks on a thread for such work.
///
/// # Errors
/// Fails with the error of the work, or if it panicked.
pub async fn run<T: Send + 'static>(work: impl FnOnce() -> anyhow::Result<T> + Send + 'static) -> Result<T, Problem> {
    match tokio::task::spawn_blocking(work).await {
        Ok(done) => Ok(done?),
        Err(_) => Err(panicked().into()),
    }
}

/// Returns the failure of work that panicked; the line of the panic is on stderr.
pub fn panicked() -> digdag_task::Failure {
    digdag_task::Failure::unexpected("internal error; the server's log says where")
}
