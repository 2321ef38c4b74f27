//! Exports into Postgres that are killed, or lose their connections, at a message: the old month stays, and the next call
//! ends what was begun.

use std::io::{Read, Write};
use std::net::{Shutdown, TcpListener, TcpStream};
use std::os::unix::process::ExitStatusExt;
use std::sync::atomic::{AtomicI32, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};

use rustix::process::{Pid, Signal, kill_process};

use super::lake::{MONTHS, export};
use super::{Database, Row};
use crate::faults::sample::sample;
use crate::support::{PASSWORD, PostgresServer};

const TABLES: &str = "releases_v6,release_labels_v1,labels_v10,artist_urls_v1";

/// The fault at the chosen message.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Fault {
    /// All connections are closed.
    Cut,
    /// The task is killed.
    Kill,
}

/// A proxy in front of the server that counts the messages of the client.
struct Proxy {
    port: u16,
    shared: Arc<Shared>,
}

struct Shared {
    /// Messages seen so far, of all connections.
    seen: AtomicUsize,
    /// The message that is not sent on, from 1.
    at: usize,
    fault: Fault,
    /// The task, once it is started.
    pid: AtomicI32,
    streams: Mutex<Vec<TcpStream>>,
}

impl Proxy {
    fn start(server: &PostgresServer, fault: Fault, at: usize) -> Proxy {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let port = listener.local_addr().unwrap().port();
        let shared = Arc::new(Shared {
            seen: AtomicUsize::new(0),
            at,
            fault,
            pid: AtomicI32::new(0),
            streams: Mutex::new(Vec::new()),
        });
        let (of_thread, server) = (shared.clone(), server.port());
        // The thread ends with the process.
        std::thread::spawn(move || {
            for client in listener.incoming() {
                let client = client.unwrap();
                let server = TcpStream::connect(("127.0.0.1", server)).unwrap();
                let ends = [&client, &server].map(|stream| stream.try_clone().unwrap());
                of_thread.streams.lock().unwrap().extend(ends);
                let (mut from, mut to) = (server.try_clone().unwrap(), client.try_clone().unwrap());
                std::thread::spawn(move || {
                    let _ = std::io::copy(&mut from, &mut to);
                    let _ = to.shutdown(Shutdown::Both);
                });
                let shared = of_thread.clone();
                std::thread::spawn(move || {
                    let _ = shared.forward(client, &server);
                    let _ = server.shutdown(Shutdown::Both);
                });
            }
        });
        Proxy { port, shared }
    }
}

impl Shared {
    /// Sends the messages of a client on until the chosen one.
    fn forward(&self, mut client: TcpStream, mut server: &TcpStream) -> std::io::Result<()> {
        // The first message of a connection has no type.
        let mut head = vec![0; 4];
        loop {
            client.read_exact(&mut head)?;
            let length = head[head.len() - 4..].try_into().map(u32::from_be_bytes).unwrap() as usize;
            let mut body = vec![0; length - 4];
            client.read_exact(&mut body)?;
            let number = self.seen.fetch_add(1, Ordering::SeqCst) + 1;
            if number >= self.at {
                self.fault();
                return Ok(());
            }
            server.write_all(&head)?;
            server.write_all(&body)?;
            head = vec![0; 5];
        }
    }

    fn fault(&self) {
        if self.fault == Fault::Kill {
            let pid = loop {
                match Pid::from_raw(self.pid.load(Ordering::SeqCst)) {
                    Some(pid) => break pid,
                    None => std::thread::yield_now(),
                }
            };
            let _ = kill_process(pid, Signal::KILL);
        }
        for stream in self.streams.lock().unwrap().iter() {
            let _ = stream.shutdown(Shutdown::Both);
        }
    }
}

/// The run of the schema and its rows: whole, of one month.
fn state(server: &PostgresServer, database: &str) -> Vec<Row> {
    let mut client = server.client(database);
    client.batch_execute("SET search_path = discogs").unwrap();
    Database::Postgres(client).rows(
        "SELECT run_id, CAST((SELECT count(*) FROM releases_ref_v6) AS TEXT),
            CAST((SELECT count(*) FROM release_labels_v1) AS TEXT), CAST((SELECT count(*) FROM labels_ref_v10) AS TEXT),
            CAST((SELECT count(*) FROM artist_urls_v1) AS TEXT) FROM _export",
    )
}

fn command(run: &str, url: &str, changes: &str) -> crate::support::TestCommand {
    export(&["--run-id", run, "--tables", TABLES, "--connections", "1", "--changes", changes, "--to", url])
}

#[test]
fn cut_at_every_message() {
    at_messages(Fault::Cut, &MONTHS, "never");
}

#[test]
fn killed_at_every_message() {
    at_messages(Fault::Kill, &MONTHS, "never");
}

#[test]
fn cut_at_every_message_of_changes() {
    at_messages(Fault::Cut, super::changes::runs(), "make");
}

fn at_messages(fault: Fault, runs: &[&str; 2], changes: &str) {
    let Some(server) = PostgresServer::shared() else { return };
    let name = server.database();
    let through = |proxy: &Proxy| server.url(&name).replace(&server.port().to_string(), &proxy.port.to_string());
    let command = |run: &str, url: &str| command(run, url, changes);
    let months = runs.map(|run| {
        command(run, &server.url(&name)).run().expect_status(0);
        state(server, &name)
    });
    assert_ne!(months[0], months[1]);
    let counting = Proxy::start(server, fault, usize::MAX);
    command(runs[0], &through(&counting)).run().expect_status(0);
    let total = counting.shared.seen.load(Ordering::SeqCst);
    assert!(total > 30, "only {total} messages");

    let (mut old, mut resumed, mut now) = (0, 0, 0);
    // One in each quarter: tables are resumed once some are complete.
    for at in sample((1..=total).collect(), |at| (at * 4 / (total + 1)).to_string()) {
        let next = 1 - now;
        let proxy = Proxy::start(server, fault, at);
        let child = command(runs[next], &through(&proxy)).spawn();
        proxy.shared.pid.store(child.id() as i32, Ordering::SeqCst);
        let output = child.wait_with_output().unwrap();
        let when = format!("{fault:?} at message {at} of {total}: {}", String::from_utf8_lossy(&output.stderr));
        match fault {
            // The last message says farewell.
            Fault::Cut => assert!([Some(6), Some(0)].contains(&output.status.code()), "{when}"),
            Fault::Kill => assert!(output.status.signal() == Some(9) || at == total, "{when}"),
        }
        assert!(!String::from_utf8_lossy(&output.stderr).contains(PASSWORD), "{when}");
        let found = state(server, &name);
        assert!(months.contains(&found), "{when}: {found:?}");
        old += usize::from(found == months[now]);
        let again = command(runs[next], &server.url(&name)).run().expect_status(0).json();
        resumed += usize::from(again["metrics"]["tables_resumed"].as_u64() > Some(0));
        assert_eq!(state(server, &name), months[next], "{when}");
        let left = "SELECT count(*) FROM pg_namespace WHERE nspname = 'discogs__loading'";
        assert_eq!(Database::Postgres(server.client(&name)).number(left), 0, "{when}");
        now = next;
    }
    // Changes are one transaction, of which nothing is left.
    assert!(
        old > 0 && (resumed > 0) == (changes == "never"),
        "the old month stayed {old} times, {resumed} loads were resumed"
    );
}
