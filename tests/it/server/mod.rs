//! `lakehouse-server` over HTTP, as clients meet it.

mod documentation;
mod endpoints;
mod faults;
mod ingest;
mod limits;
mod queries;
mod safety;

use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpStream;
use std::process::{Child, ExitStatus};
use std::sync::{Arc, Mutex, OnceLock};
use std::time::Duration;

use rustix::process::Signal;
use serde_json::Value;

use crate::support::{Dir, RUN, TestCommand, TestLake, eventually, signal};

/// A lake with a published run, staged, and a table of people's own, `mine.inventory`.
fn published() -> TestLake {
    // Metadata names absolute paths, so each copy stages its own tables.
    let lake = with_run();
    lake.call("stage-tables", &["--run-id", RUN]).run().expect_status(0);
    lake.promote(RUN).expect_status(0);
    let file = lake.write("inventory.csv", "listing_id,price,title\n1,12.50,One\n2,8.00,=Two\n3,3.25,Three\n");
    let from = ["--table", "mine.inventory", "--from", file.to_str().unwrap(), "--key", "listing_id"];
    lake.call("upsert-table", &from).run().expect_status(0);
    lake
}

/// A lake with a published run and without Iceberg tables: a copy of one that is made once.
fn with_run() -> TestLake {
    static WITH_RUN: OnceLock<TestLake> = OnceLock::new();
    let made = || {
        let lake = TestLake::of(Dir::shared());
        lake.seal(RUN);
        lake.promote(RUN).expect_status(0);
        lake
    };
    WITH_RUN.get_or_init(made).copy()
}

/// A lake without runs and tables.
fn empty() -> TestLake {
    let lake = TestLake::new();
    std::fs::create_dir_all(lake.root()).unwrap();
    lake
}

/// A server of a test, which ends with it.
pub struct Server {
    child: Child,
    pub address: String,
    log: Arc<Mutex<String>>,
}

/// An answer.
pub struct Reply {
    pub status: u16,
    pub body: Vec<u8>,
    headers: ureq::http::HeaderMap,
}

impl Server {
    /// Starts a server on a lake, at a free port of 127.0.0.1.
    #[track_caller]
    pub fn start(lake: &TestLake, arguments: &[&str]) -> Server {
        Server::of(lake.task("lakehouse-server"), arguments)
    }

    /// Starts a server by a command that names the lake.
    #[track_caller]
    pub fn of(mut command: TestCommand, arguments: &[&str]) -> Server {
        let listen = if arguments.contains(&"--listen") { &[][..] } else { &["--listen", "127.0.0.1:0"] };
        let mut child = command.args(&[listen, arguments].concat()).spawn();
        let mut lines = BufReader::new(child.stderr.take().unwrap()).lines();
        let log = Arc::new(Mutex::new(String::new()));
        let mut address = None;
        while let Some(Ok(line)) = lines.next() {
            address = line.split_once("://").map(|(_, address)| address.trim().to_owned());
            log.lock().unwrap().push_str(&format!("{line}\n"));
            if address.is_some() {
                break;
            }
        }
        let kept = log.clone();
        std::thread::spawn(move || {
            for line in lines.map_while(Result::ok) {
                kept.lock().unwrap().push_str(&format!("{line}\n"));
            }
        });
        let Some(address) = address else { panic!("the server did not start:\n{}", log.lock().unwrap()) };
        let port = address.rsplit(':').next().unwrap();
        Server { child, address: format!("127.0.0.1:{port}"), log }
    }

    /// The lines on stderr so far.
    pub fn log(&self) -> String {
        self.log.lock().unwrap().clone()
    }

    #[track_caller]
    pub fn get(&self, path: &str) -> Reply {
        self.send("GET", path, &[], b"")
    }

    /// Runs a statement, with its rows as JSON.
    #[track_caller]
    pub fn query(&self, sql: &str) -> Reply {
        self.ask(&serde_json::json!({ "sql": sql }), "application/json")
    }

    #[track_caller]
    pub fn ask(&self, body: &Value, accept: &str) -> Reply {
        let headers = [("Content-Type", "application/json"), ("Accept", accept)];
        self.send("POST", "/query", &headers, body.to_string().as_bytes())
    }

    #[track_caller]
    pub fn ingest(&self, table_and_query: &str, csv: &str, headers: &[(&str, &str)]) -> Reply {
        let headers = [&[("Content-Type", "text/csv")][..], headers].concat();
        self.send("POST", &format!("/ingest/{table_and_query}"), &headers, csv.as_bytes())
    }

    #[track_caller]
    pub fn send(&self, method: &str, path: &str, headers: &[(&str, &str)], body: &[u8]) -> Reply {
        self.try_send(method, path, headers, body).unwrap_or_else(|error| panic!("{path}: {error}\n{}", self.log()))
    }

    pub fn try_send(&self, method: &str, path: &str, headers: &[(&str, &str)], body: &[u8]) -> Result<Reply, String> {
        send(&agent(), &format!("http://{}{path}", self.address), method, headers, body)
    }

    /// Writes bytes to a connection, and returns what comes back until the server closes it.
    pub fn raw(&self, request: &str) -> String {
        let mut stream = self.connect();
        // The server may have answered and closed before the last byte.
        let _ = stream.write_all(request.as_bytes());
        let mut answer = Vec::new();
        let _ = stream.read_to_end(&mut answer);
        String::from_utf8_lossy(&answer).into_owned()
    }

    pub fn connect(&self) -> TcpStream {
        let stream = TcpStream::connect(&self.address).unwrap();
        stream.set_read_timeout(Some(Duration::from_secs(60))).unwrap();
        stream
    }

    /// A sample of `/metrics`.
    #[track_caller]
    pub fn metric(&self, name: &str) -> f64 {
        let text = self.get("/metrics").expect(200).text();
        let line = text.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix(' '));
        line.unwrap_or_else(|| panic!("no {name} in {text}")).parse().unwrap()
    }

    /// Waits until a job has ended, and returns it.
    #[track_caller]
    pub fn job(&self, id: &str) -> Value {
        let mut job = Value::Null;
        eventually("the job has ended", || {
            job = self.get(&format!("/jobs/{id}")).expect(200).json();
            !matches!(job["status"].as_str(), Some("queued" | "running"))
        });
        job
    }

    /// Kills the server at once.
    pub fn kill(mut self) {
        self.child.kill().unwrap();
        self.child.wait().unwrap();
    }

    /// Stops the server by a signal, and returns its status and its result.
    #[track_caller]
    pub fn stop(mut self, by: Signal) -> (ExitStatus, Value) {
        signal(&self.child, by);
        let status = self.child.wait().unwrap();
        let mut line = String::new();
        self.child.stdout.take().unwrap().read_to_string(&mut line).unwrap();
        (status, serde_json::from_str(&line).unwrap_or_else(|error| panic!("{error}: {line:?}\n{}", self.log())))
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

fn agent() -> ureq::Agent {
    ureq::Agent::config_builder().http_status_as_error(false).max_redirects(0).build().into()
}

fn send(agent: &ureq::Agent, url: &str, method: &str, headers: &[(&str, &str)], body: &[u8]) -> Result<Reply, String> {
    let mut request = ureq::http::Request::builder().method(method).uri(url);
    for (name, value) in headers {
        request = request.header(*name, *value);
    }
    let response = match method {
        "POST" => agent.run(request.body(body).unwrap()),
        _ => agent.run(request.body(()).unwrap()),
    };
    let response = response.map_err(|error| error.to_string())?;
    let (parts, body) = response.into_parts();
    let body = body.into_with_config().limit(1 << 30).read_to_vec().map_err(|error| error.to_string())?;
    Ok(Reply { status: parts.status.as_u16(), body, headers: parts.headers })
}

impl Reply {
    #[track_caller]
    pub fn expect(self, status: u16) -> Self {
        assert_eq!(self.status, status, "{}", self.text());
        self
    }

    /// A problem of a class whose detail has a part.
    #[track_caller]
    pub fn problem(self, status: u16, class: &str, part: &str) -> Value {
        let reply = self.expect(status);
        assert_eq!(reply.header("content-type"), Some("application/problem+json"), "{}", reply.text());
        let problem = reply.json();
        assert_eq!(
            (problem["class"].as_str(), problem["status"].as_u64()),
            (Some(class), Some(status.into())),
            "{problem}"
        );
        assert!(problem["detail"].as_str().unwrap().contains(part), "no {part:?} in {problem}");
        assert_eq!(problem["request_id"].as_str(), reply.header("x-request-id"), "{problem}");
        problem
    }

    pub fn text(&self) -> String {
        String::from_utf8_lossy(&self.body).into_owned()
    }

    #[track_caller]
    pub fn json(&self) -> Value {
        serde_json::from_slice(&self.body).unwrap_or_else(|error| panic!("{error}: {}", self.text()))
    }

    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.get(name).and_then(|value| value.to_str().ok())
    }
}
