//! A server before the S3 server. It passes requests on, or fails at the ones that a test chooses.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use rustls::{ServerConfig, ServerConnection, StreamOwned};

/// A request that the relay received.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Seen {
    /// From 1.
    pub number: usize,
    pub method: String,
    /// The path and the query.
    pub target: String,
    pub bytes: usize,
}

/// What the relay does with a request.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Act {
    Pass,
    /// Closes the connection before anything reaches the server.
    CutBefore,
    /// Passes the request on and closes the connection in place of the answer.
    CutBehind,
    /// Passes half of the answer on.
    CutAnswer,
    /// Answers with a status, headers and a code of S3.
    Status(u16, &'static str, &'static str),
    /// Passes the request on with another byte in its body.
    Damage,
    /// Holds the request back until the client is gone, before or behind the server.
    HoldBefore,
    HoldBehind,
}

type Choose = dyn Fn(&Seen) -> Act + Send + Sync;

/// The relay. It ends with the process.
pub struct Relay {
    pub port: u16,
    shared: Arc<Shared>,
}

struct Shared {
    server: u16,
    choose: Box<Choose>,
    seen: Mutex<Vec<Seen>>,
    /// The path of each request that the server answered, and the bytes of its answer.
    answered: Mutex<Vec<(String, u64)>>,
    is_held: AtomicBool,
}

impl Relay {
    pub fn before(server: u16, choose: impl Fn(&Seen) -> Act + Send + Sync + 'static) -> Self {
        Relay::start(server, None, choose)
    }

    /// Speaks TLS to the client.
    pub fn over_tls(server: u16, config: Arc<ServerConfig>) -> Self {
        Relay::start(server, Some(config), |_| Act::Pass)
    }

    fn start(
        server: u16,
        tls: Option<Arc<ServerConfig>>,
        choose: impl Fn(&Seen) -> Act + Send + Sync + 'static,
    ) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let port = listener.local_addr().unwrap().port();
        let shared = Shared {
            server,
            choose: Box::new(choose),
            seen: Mutex::default(),
            answered: Mutex::default(),
            is_held: AtomicBool::new(false),
        };
        let relay = Relay { port, shared: Arc::new(shared) };
        let shared = relay.shared.clone();
        std::thread::spawn(move || {
            for client in listener.incoming().flatten() {
                let (shared, tls) = (shared.clone(), tls.clone());
                std::thread::spawn(move || {
                    // A client that goes away in the middle is no failure of the test.
                    let _ = match tls {
                        None => shared.serve(client),
                        Some(config) => {
                            let mut stream = StreamOwned::new(ServerConnection::new(config).unwrap(), client);
                            let served = shared.serve(&mut stream);
                            stream.conn.send_close_notify();
                            let _ = stream.flush();
                            served
                        }
                    };
                });
            }
        });
        relay
    }

    pub fn url(&self) -> String {
        super::server::url(self.port)
    }

    /// The requests so far.
    pub fn seen(&self) -> Vec<Seen> {
        self.shared.seen.lock().unwrap().clone()
    }

    /// The bytes of the answers about an object so far, the headers included.
    pub fn answered(&self, path: &str) -> u64 {
        let answered = self.shared.answered.lock().unwrap();
        answered.iter().filter(|(target, _)| target.split('?').next() == Some(path)).map(|(_, bytes)| bytes).sum()
    }

    /// Whether a request is held back.
    pub fn is_held(&self) -> bool {
        self.shared.is_held.load(Ordering::SeqCst)
    }
}

impl Shared {
    /// Serves one request; the connection is closed behind it.
    fn serve(&self, stream: impl Read + Write) -> std::io::Result<()> {
        let mut reader = BufReader::new(stream);
        let mut head = String::new();
        while !head.ends_with("\r\n\r\n") {
            if reader.read_line(&mut head)? == 0 {
                return Ok(());
            }
        }
        let header = |name: &str| {
            let lines = head.lines().filter_map(|line| line.split_once(": "));
            let mut values = lines.filter(|(found, _)| found.eq_ignore_ascii_case(name)).map(|(_, value)| value);
            values.next().map(str::to_owned)
        };
        let length = header("content-length").map_or(0, |value| value.parse().unwrap());
        let mut body = vec![0; length];
        reader.read_exact(&mut body)?;
        let mut words = head.split(' ');
        let (method, target) = (words.next().unwrap().to_owned(), words.next().unwrap().to_owned());
        let seen = {
            let mut all = self.seen.lock().unwrap();
            let number = all.len() + 1;
            all.push(Seen { number, method, target, bytes: body.len() });
            all.last().unwrap().clone()
        };
        let act = (self.choose)(&seen);
        match act {
            Act::CutBefore => return Ok(()),
            Act::HoldBefore => return self.hold(&mut reader),
            Act::Status(status, headers, code) => {
                let text =
                    format!("<?xml version=\"1.0\"?><Error><Code>{code}</Code><Message>of the test</Message></Error>");
                let text = if seen.method == "HEAD" { String::new() } else { text };
                let answer = format!(
                    "HTTP/1.1 {status} X\r\n{headers}Content-Length: {}\r\nConnection: close\r\n\r\n{text}",
                    text.len()
                );
                return reader.get_mut().write_all(answer.as_bytes());
            }
            Act::Damage if !body.is_empty() => {
                let middle = body.len() / 2;
                body[middle] ^= 1;
            }
            _ => {}
        }
        let answer = self.ask(&head, &body)?;
        self.answered.lock().unwrap().push((seen.target.clone(), answer.len() as u64));
        let answer = match act {
            Act::CutBehind => return Ok(()),
            Act::HoldBehind => return self.hold(&mut reader),
            Act::CutAnswer => &answer[..answer.len() - answer.len().min(40) / 2],
            _ => &answer[..],
        };
        reader.get_mut().write_all(answer)?;
        reader.get_mut().flush()
    }

    /// Passes a request on. The header of the connection is not signed.
    fn ask(&self, head: &str, body: &[u8]) -> std::io::Result<Vec<u8>> {
        let mut server = TcpStream::connect(("127.0.0.1", self.server))?;
        let lines = head.trim_end().split("\r\n").filter(|line| !line.to_lowercase().starts_with("connection:"));
        let head: Vec<&str> = lines.chain(["Connection: close"]).collect();
        server.write_all(format!("{}\r\n\r\n", head.join("\r\n")).as_bytes())?;
        server.write_all(body)?;
        let mut answer = Vec::new();
        server.read_to_end(&mut answer)?;
        Ok(answer)
    }

    fn hold(&self, client: &mut impl Read) -> std::io::Result<()> {
        self.is_held.store(true, Ordering::SeqCst);
        let mut byte = [0];
        while !matches!(client.read(&mut byte), Ok(0) | Err(_)) {
            std::thread::sleep(Duration::from_millis(1));
        }
        Ok(())
    }
}
