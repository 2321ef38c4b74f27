//! A server that plays the download site: its listing, its one download route, and its moods.

use std::collections::{BTreeMap, HashMap, VecDeque};
use std::io::{BufRead, BufReader, Write};
use std::net::{TcpListener, TcpStream};
use std::sync::{Arc, Mutex};
use std::time::Duration;

/// How a request is answered.
#[derive(Clone, Debug)]
pub enum Answer {
    /// As the site does: the file, in chunks, no length.
    File,
    /// So many bytes of what was announced, then the connection is closed.
    Cut(usize),
    /// Ends the body early, without a length or chunks: it looks like the end.
    SilentCut(usize),
    /// So many bytes, then a byte now and then, for ever.
    Trickle(usize),
    /// So many bytes, then nothing, the connection stays open.
    Hang(usize),
    /// The file and then more of it, in chunks, for ever.
    Endless,
    /// 200 and a page, as for a wrong name.
    Page,
    /// A length of so many bytes is announced.
    Announce(u64),
    /// A status, with these header lines.
    Status(u16, &'static str),
    /// Other bytes of the same length.
    Damaged,
}

/// What was asked for: the decoded value of `download=` or `prefix=`, and where from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Request {
    pub path: String,
    pub from: Option<usize>,
}

#[derive(Default)]
struct State {
    pages: HashMap<String, String>,
    files: BTreeMap<String, Vec<u8>>,
    sizes: HashMap<String, String>,
    answers: HashMap<String, VecDeque<Answer>>,
    takes_range: bool,
    requests: Vec<Request>,
}

/// The site of a test. It answers until the test's process ends.
pub struct Site {
    state: Arc<Mutex<State>>,
    pub base_url: String,
}

impl Site {
    pub fn new() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let base_url = format!("http://{}/", listener.local_addr().unwrap());
        let state = Arc::new(Mutex::new(State::default()));
        let shared = state.clone();
        std::thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                let state = shared.clone();
                // A client that goes away in the middle is no failure of the test.
                std::thread::spawn(move || drop(serve(stream, &state)));
            }
        });
        Site { state, base_url }
    }

    fn state(&self) -> std::sync::MutexGuard<'_, State> {
        self.state.lock().unwrap()
    }

    /// A page as it is, in place of the one made from the files.
    pub fn page(&self, prefix: &str, html: &str) -> &Self {
        self.state().pages.insert(prefix.to_owned(), html.to_owned());
        self
    }

    pub fn file(&self, name: &str, bytes: &[u8]) -> &Self {
        self.state().files.insert(name.to_owned(), bytes.to_owned());
        self
    }

    pub fn without(&self, name: &str) -> &Self {
        self.state().files.remove(name).unwrap();
        self
    }

    /// What the listing says of a file's size.
    pub fn listed_size(&self, name: &str, size: &str) -> &Self {
        self.state().sizes.insert(name.to_owned(), size.to_owned());
        self
    }

    /// How the next requests for a file or a page are answered; after them as usual.
    pub fn answers(&self, name: &str, answers: &[Answer]) -> &Self {
        self.state().answers.insert(name.to_owned(), answers.iter().cloned().collect());
        self
    }

    pub fn takes_range(&self) -> &Self {
        self.state().takes_range = true;
        self
    }

    pub fn requests(&self) -> Vec<Request> {
        self.state().requests.clone()
    }

    /// Where the requests for a file began.
    pub fn asked_for(&self, name: &str) -> Vec<Option<usize>> {
        let of_file = |request: &Request| request.path.ends_with(name);
        self.requests().into_iter().filter(of_file).map(|request| request.from).collect()
    }
}

fn serve(stream: TcpStream, state: &Mutex<State>) -> std::io::Result<()> {
    let mut reader = BufReader::new(stream.try_clone()?);
    loop {
        let (mut target, mut from, mut line) = (String::new(), None, String::new());
        while reader.read_line(&mut line)? > 0 {
            let text = line.trim().to_owned();
            line.clear();
            if text.is_empty() {
                break;
            }
            if target.is_empty() {
                target = text.split(' ').nth(1).unwrap_or_default().to_owned();
            } else if let Some(range) = text.to_ascii_lowercase().strip_prefix("range: bytes=") {
                from = range.trim_end_matches('-').parse().ok();
            }
        }
        if target.is_empty() {
            return Ok(());
        }
        let value = target.split_once('=').map_or("", |(_, value)| value).replace("%2F", "/");
        if !respond(&stream, state, &target, &value, from)? {
            return Ok(());
        }
    }
}

/// Answers a request; gives whether the connection goes on.
fn respond(
    mut stream: &TcpStream,
    state: &Mutex<State>,
    target: &str,
    value: &str,
    from: Option<usize>,
) -> std::io::Result<bool> {
    let name = value.rsplit('/').find(|part| !part.is_empty()).unwrap_or_default();
    let (answer, content, takes_range) = {
        let mut state = state.lock().unwrap();
        state.requests.push(Request { path: value.to_owned(), from });
        let answer = state.answers.get_mut(name).and_then(VecDeque::pop_front).unwrap_or(Answer::File);
        let content = match target.contains("?prefix=") {
            true => Some(listing(&state, value).into_bytes()),
            false => state.files.get(name).cloned(),
        };
        (answer, content, state.takes_range)
    };
    let html = target.contains("?prefix=") || content.is_none() || matches!(answer, Answer::Page);
    let kind = if html { "text/html" } else { "application/octet-stream" };
    let whole = match (content, &answer) {
        (Some(content), Answer::File | Answer::Cut(_) | Answer::SilentCut(_)) => content,
        (Some(content), Answer::Damaged) => {
            let damaged = content.iter().enumerate().map(|(at, byte)| if at < 10 { *byte } else { !byte });
            damaged.collect()
        }
        (Some(content), Answer::Trickle(_) | Answer::Hang(_) | Answer::Announce(_) | Answer::Endless) => content,
        _ => b"<!DOCTYPE html><html><body>no such file</body></html>".to_vec(),
    };
    let (status, body, range) = match from.filter(|_| takes_range && !html) {
        Some(from) if from >= whole.len() => ("416 Range Not Satisfiable", &[][..], String::new()),
        Some(from) => {
            let range = format!("content-range: bytes {from}-{}/{}\r\n", whole.len() - 1, whole.len());
            ("206 Partial Content", &whole[from..], range)
        }
        None => ("200 OK", &whole[..], String::new()),
    };
    let accepts = if takes_range { "accept-ranges: bytes\r\n" } else { "" };
    let head = format!("HTTP/1.1 {status}\r\ncontent-type: {kind}\r\n{range}{accepts}");
    let length = format!("content-length: {}\r\n\r\n", body.len());
    match answer {
        Answer::Status(status, headers) => {
            write!(stream, "HTTP/1.1 {status} Because\r\n{headers}content-length: 0\r\n\r\n")?;
            return Ok(true);
        }
        Answer::Cut(bytes) => {
            write!(stream, "{head}{length}")?;
            stream.write_all(&body[..bytes.min(body.len())])?;
        }
        Answer::SilentCut(bytes) => {
            write!(stream, "{head}connection: close\r\n\r\n")?;
            stream.write_all(&body[..bytes.min(body.len())])?;
        }
        Answer::Trickle(bytes) => {
            write!(stream, "{head}{length}")?;
            stream.write_all(&body[..bytes])?;
            for byte in &body[bytes..] {
                stream.write_all(&[*byte])?;
                std::thread::sleep(Duration::from_millis(20));
            }
        }
        Answer::Hang(bytes) => {
            write!(stream, "{head}{length}")?;
            stream.write_all(&body[..bytes])?;
            std::thread::sleep(Duration::from_secs(60));
        }
        Answer::Endless => {
            write!(stream, "{head}transfer-encoding: chunked\r\n\r\n")?;
            loop {
                write!(stream, "{:x}\r\n", body.len())?;
                stream.write_all(body)?;
                write!(stream, "\r\n")?;
            }
        }
        Answer::Announce(bytes) => {
            write!(stream, "{head}content-length: {bytes}\r\n\r\n")?;
            stream.write_all(body)?;
        }
        _ if status.starts_with("416") => {
            write!(stream, "{head}{length}")?;
            return Ok(true);
        }
        _ => {
            write!(stream, "{head}transfer-encoding: chunked\r\n\r\n")?;
            for chunk in body.chunks(50_000) {
                write!(stream, "{:x}\r\n", chunk.len())?;
                stream.write_all(chunk)?;
                write!(stream, "\r\n")?;
            }
            write!(stream, "0\r\n\r\n")?;
            return Ok(true);
        }
    }
    Ok(false)
}

/// A page in the form of the real ones.
fn listing(state: &State, prefix: &str) -> String {
    if let Some(page) = state.pages.get(prefix) {
        return page.clone();
    }
    let year = prefix.trim_start_matches("data/").trim_end_matches('/');
    let mut rows = String::new();
    if year.is_empty() {
        let years = state.files.keys().filter_map(|name| name.get(8..12));
        for year in years.collect::<std::collections::BTreeSet<_>>() {
            rows += &format!("{:>33}              <a href=\"?prefix=data%2F{year}%2F\">{year}/</a>\n", "-");
        }
    } else {
        rows += &format!("{:47}<a href=\"?prefix=data%2F\">../</a>\n", "");
        for (name, bytes) in state.files.iter().filter(|(name, _)| name.get(8..12) == Some(year)) {
            let size = state.sizes.get(name).cloned().unwrap_or_else(|| format!("{} B", bytes.len()));
            let link = format!("?download=data%2F{year}%2F{name}");
            rows += &format!("2026-07-01 19:17:09             {size:<15}<a href=\"{link}\">{name}</a>\n");
        }
    }
    format!(
        "<!DOCTYPE html>\n<html>\n<body>\n<pre>\nLast Modified   Size   Name\n-----\n{rows}</pre>\n</body>\n</html>\n"
    )
}
