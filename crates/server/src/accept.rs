//! Accepts connections: TLS, and the limits on their number, on heads of requests, and on slow clients.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::extract::Request;
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::{TokioIo, TokioTimer};
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::Semaphore;
use tokio_rustls::TlsAcceptor;
use tower::ServiceExt;

use crate::app::Shared;
use crate::guard::Peer;
use crate::stall::Stalling;

/// The headers of a request; hyper answers more with 431.
const MAX_HEADERS: usize = 64;

/// The bytes of the head of a request; hyper answers more with 431.
const MAX_HEAD_BYTES: usize = 32 << 10;

/// The pause after the system refuses a connection, as it does without free descriptors.
const PAUSE: Duration = Duration::from_millis(100);

/// Accepts connections until the server is stopped, and serves each in a task of its own.
pub async fn accept(app: Shared, listener: TcpListener, tls: Option<TlsAcceptor>, router: Router) {
    let free = Arc::new(Semaphore::new(app.parameters.connections as usize));
    loop {
        // Further connections wait in the system's queue.
        let accepted = async {
            let permit = free.clone().acquire_owned().await.ok()?;
            Some((permit, listener.accept().await))
        };
        let accepted = tokio::select! {
            () = app.stopping.cancelled() => return,
            accepted = accepted => accepted,
        };
        let Some((permit, accepted)) = accepted else { return };
        let (stream, peer) = match accepted {
            Ok(accepted) => accepted,
            Err(error) => {
                crate::log::say(format_args!("cannot accept a connection: {error}"));
                tokio::time::sleep(PAUSE).await;
                continue;
            }
        };
        let (serving, tls, router) = (app.clone(), tls.clone(), router.clone());
        app.tasks.spawn(async move {
            let _until_closed = (permit, serving.metrics.connection());
            connect(&serving, stream, peer, tls, router).await;
        });
    }
}

async fn connect(app: &Shared, stream: TcpStream, peer: SocketAddr, tls: Option<TlsAcceptor>, router: Router) {
    // Small answers are sent at once.
    let _ = stream.set_nodelay(true);
    match tls {
        None => serve(app, stream, peer, router).await,
        Some(tls) => {
            let shaken = tokio::time::timeout(app.parameters.header_timeout, tls.accept(stream)).await;
            // A client that speaks no TLS, or none in time, has nothing to be told.
            if let Ok(Ok(stream)) = shaken {
                serve(app, stream, peer, router).await;
            }
        }
    }
}

async fn serve<S: AsyncRead + AsyncWrite + Unpin>(app: &Shared, stream: S, peer: SocketAddr, router: Router) {
    let service = service_fn(move |request: hyper::Request<Incoming>| {
        let mut request: Request = request.map(axum::body::Body::new);
        request.extensions_mut().insert(Peer(peer));
        router.clone().oneshot(request)
    });
    let stream = Stalling::new(stream, app.parameters.stall_timeout);
    let connection = http1::Builder::new()
        .timer(TokioTimer::new())
        .header_read_timeout(app.parameters.header_timeout)
        .max_headers(MAX_HEADERS)
        .max_buf_size(MAX_HEAD_BYTES)
        .serve_connection(TokioIo::new(stream), service);
    tokio::pin!(connection);
    tokio::select! {
        // An error of a connection is the client's: it went away, or sends no HTTP.
        _ = connection.as_mut() => {}
        () = app.stopping.cancelled() => {
            connection.as_mut().graceful_shutdown();
            tokio::select! {
                _ = connection.as_mut() => {}
                () = app.forced.cancelled() => {}
            }
        }
    }
}
