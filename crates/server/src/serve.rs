//! Runs the server until a signal stops it.

use std::io;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use anyhow::Context;
use digdag_task::{Call, Failure, stop};
use discogs_lakehouse::commands::lakehouse_server::LakehouseServer;
use signal_hook::consts::SIGHUP;
use tokio::net::TcpListener;
use tokio::runtime::Builder;
use tokio::signal::unix::{SignalKind, signal};

use crate::app::{App, Shared};
use crate::settings::Settings;
use crate::{accept, log, routes, tls};

/// Threads for blocking work beside those of queries and ingests: for tables, runs, records, and the REST catalog.
const BLOCKING_THREADS: usize = 48;

/// The time in which cancelled queries end.
const CANCEL_TIME: Duration = Duration::from_secs(5);

/// The pause between two looks for old records of jobs.
const CLEAN_UP: Duration = Duration::from_secs(3600);

/// The pause between two looks at the file of the tokens.
const TOKENS: Duration = Duration::from_secs(1);

/// Serves a lake until a signal stops the server.
///
/// # Errors
/// Fails if a parameter is wrong, if the lake cannot be opened or has a server already, or if the address is taken.
pub fn serve(parameters: LakehouseServer, call: &mut Call) -> anyhow::Result<()> {
    let settings = Settings::of(&parameters)?;
    let files = (parameters.tls_cert.as_deref(), parameters.tls_key.as_deref());
    let tls = match files {
        (Some(certificate), Some(key)) => Some(tls::acceptor(certificate, key)?),
        _ => None,
    };
    let threads = settings.queries + usize::from(parameters.ingests) + BLOCKING_THREADS;
    let app = Arc::new(App::open(parameters, settings)?);
    let runtime = Builder::new_multi_thread().enable_all().max_blocking_threads(threads).build()?;
    let is_ended = runtime.block_on(async {
        let listener = TcpListener::bind(app.parameters.listen).await.map_err(|error| cannot_listen(&app, &error))?;
        let address = listener.local_addr()?;
        let scheme = if tls.is_some() { "https" } else { "http" };
        let stopped = signals()?;
        log::say(format_args!("listening on {scheme}://{address}"));
        call.set_detail("address", format!("{scheme}://{address}"));
        tokio::spawn(housekeeping(app.clone()));
        let accepting = tokio::spawn(accept::accept(app.clone(), listener, tls, routes::router(&app)));
        let name = stopped.await;
        log::say(format_args!(
            "stopping after {name}; running requests have {} s",
            app.parameters.stop_timeout.as_secs()
        ));
        app.stopping.cancel();
        app.queries.close();
        app.admitted.close();
        let _ = accepting.await;
        Ok::<_, anyhow::Error>(ended(&app).await)
    })?;
    if !is_ended {
        log::say(format_args!("requests are still running; the next start finds out how their jobs ended"));
        // Not exit(), which would run destructors of DuckDB while its threads run.
        signal_hook::low_level::exit(i32::from(digdag_task::Class::Unexpected.exit_status()));
    }
    runtime.shutdown_timeout(CANCEL_TIME);
    call.summary("stopped");
    Ok(())
}

/// Waits for what runs, cancels what takes too long, and returns whether all has ended.
async fn ended(app: &Shared) -> bool {
    app.tasks.close();
    if tokio::time::timeout(app.parameters.stop_timeout, app.tasks.wait()).await.is_ok() {
        return true;
    }
    app.forced.cancel();
    tokio::time::timeout(CANCEL_TIME, app.tasks.wait()).await.is_ok()
}

/// Returns a future that ends with the name of the first signal.
fn signals() -> io::Result<impl Future<Output = &'static str>> {
    let mut terminate = signal(SignalKind::terminate())?;
    let mut interrupt = signal(SignalKind::interrupt())?;
    // nohup starts a process that ignores the signal.
    let is_ignored = stop::ignored_signals() & (1 << (SIGHUP - 1)) != 0;
    let mut hang_up = (!is_ignored).then(|| signal(SignalKind::hangup())).transpose()?;
    Ok(async move {
        let hung_up = async {
            match &mut hang_up {
                Some(hang_up) => hang_up.recv().await,
                None => std::future::pending().await,
            }
        };
        tokio::select! {
            _ = terminate.recv() => "SIGTERM",
            _ = interrupt.recv() => "SIGINT",
            _ = hung_up => "SIGHUP",
        }
    })
}

/// Removes old records of jobs, and reads the tokens again when their file changes.
async fn housekeeping(app: Shared) {
    let mut clean_up = tokio::time::interval(CLEAN_UP);
    let mut tokens = tokio::time::interval(TOKENS);
    loop {
        let is_clean_up = tokio::select! {
            () = app.stopping.cancelled() => return,
            _ = clean_up.tick() => true,
            _ = tokens.tick(), if app.tokens.is_some() => false,
        };
        let shared = app.clone();
        let kept = tokio::task::spawn_blocking(move || keep_house(&shared, is_clean_up)).await;
        if let Ok(Err(error)) = kept {
            log::say(format_args!("{error:#}"));
        }
    }
}

fn keep_house(app: &App, is_clean_up: bool) -> anyhow::Result<()> {
    if is_clean_up {
        app.jobs.remove_old().context("old records of jobs cannot be removed")?;
    } else if let Some(tokens) = &app.tokens
        && tokens.reload()?
    {
        log::say(format_args!("the file of the tokens changed and was read again"));
    }
    Ok(())
}

fn cannot_listen(app: &App, error: &io::Error) -> anyhow::Error {
    let address: SocketAddr = app.parameters.listen;
    Failure::parameters(format!("cannot listen on {address}: {error}"))
        .hint("--listen ADDRESS:PORT names another one; port 0 is a free one")
        .into()
}
