use std::io::{BufRead, BufReader, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::sync::Arc;

use ureq::Agent;

use super::stack::Stack;

/// A proxy between a task and Trino that lets a test act at one statement.
pub struct Relay {
    pub url: String,
    trino: String,
    at: Box<At>,
}

/// Receives a statement before Trino does, and may replace it.
type At = dyn Fn(&str) -> Option<String> + Send + Sync;

impl Relay {
    /// Forwards every request, and calls `at` for each statement.
    pub fn to(stack: &Stack, at: impl Fn(&str) -> Option<String> + Send + Sync + 'static) -> Arc<Self> {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        let relay = Arc::new(Relay { url, trino: stack.url().to_owned(), at: Box::new(at) });
        let own = relay.clone();
        std::thread::spawn(move || {
            for stream in listener.incoming() {
                let relay = own.clone();
                std::thread::spawn(move || relay.answer(&stream.unwrap()));
            }
        });
        relay
    }

    fn answer(&self, stream: &TcpStream) {
        let mut reader = BufReader::new(stream);
        let mut line = || {
            let mut line = String::new();
            reader.read_line(&mut line).unwrap();
            line.trim_end().to_owned()
        };
        let request = line();
        let headers: Vec<_> = std::iter::from_fn(|| Some(line()).filter(|line| !line.is_empty())).collect();
        let header = |line: &String| line.split_once(": ").map(|(name, value)| (name.to_lowercase(), value.to_owned()));
        let headers: Vec<_> = headers.iter().filter_map(header).collect();
        let length = headers.iter().find(|(name, _)| name == "content-length");
        let mut body = vec![0; length.map_or(0, |(_, value)| value.parse().unwrap())];
        // One that was killed in the middle of it is no concern of Trino's.
        if reader.read_exact(&mut body).is_err() || request.is_empty() {
            return;
        }
        let sql = String::from_utf8(body).unwrap();
        let sql = if sql.is_empty() { sql } else { (self.at)(&sql).unwrap_or(sql) };

        let words: Vec<_> = request.split(' ').collect();
        let mut asked = ureq::http::Request::builder().method(words[0]).uri(format!("{}{}", self.trino, words[1]));
        for (name, value) in headers.iter().filter(|(name, _)| name.starts_with("x-trino-")) {
            asked = asked.header(name, value);
        }
        let config = Agent::config_builder().proxy(None).http_status_as_error(false);
        let agent = Agent::new_with_config(config.build());
        let answer = match words[0] {
            "POST" => agent.run(asked.body(sql).unwrap()),
            _ => agent.run(asked.body(()).unwrap()),
        };
        let mut answer = answer.unwrap();
        let text = answer.body_mut().read_to_string().unwrap().replace(&self.trino, &self.url);
        let status = answer.status().as_u16();
        let head = format!("HTTP/1.1 {status} X\r\nContent-Length: {}\r\nConnection: close\r\n\r\n", text.len());
        let mut stream = stream;
        let _ = stream.write_all(format!("{head}{text}").as_bytes());
    }
}
