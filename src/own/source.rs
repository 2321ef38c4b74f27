//! The input of a task: a file, stdin, a URL or an object in S3, in CSV, NDJSON, JSON or Parquet.

use std::fmt;
use std::fs::File;
use std::io::{BufWriter, Read, Write};
use std::path::{Path, PathBuf};
use std::str::FromStr;
use std::time::Duration;

use anyhow::Context;
use encoding_rs::{Encoding as Charset, UTF_8};
use flate2::read::MultiGzDecoder;
use sha2::{Digest, Sha256};
use ureq::tls::RootCerts;

use super::text::{Utf8Check, convert, not_utf8};
use crate::http::{RequestError, RetryPolicy, agent_config};
use crate::lake::disk::read::open_regular;
use crate::store::ObjectAddress;
use digdag_task::{Failure, Observer};

const BUFFER_BYTES: usize = 1 << 18;

/// Attempts to fetch a URL.
const MAX_ATTEMPTS: u32 = 4;

/// The place of an input.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Source {
    /// A file.
    File(PathBuf),
    /// The standard input.
    Stdin,
    /// An address of http or https.
    Url(String),
    /// An object in S3.
    Object(ObjectAddress),
}

impl FromStr for Source {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        match text {
            "" => Err("expected a file, - or an address".to_owned()),
            "-" => Ok(Source::Stdin),
            url if url.starts_with("http://") || url.starts_with("https://") => Ok(Source::Url(url.to_owned())),
            url if url.starts_with("s3://") => Ok(Source::Object(url.parse()?)),
            path => Ok(Source::File(PathBuf::from(path))),
        }
    }
}

impl fmt::Display for Source {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Source::File(path) => write!(f, "{}", path.display()),
            Source::Stdin => f.write_str("stdin"),
            // A query may hold a key.
            Source::Url(url) => f.write_str(url.split(['?', '#']).next().unwrap_or_default()),
            Source::Object(object) => object.fmt(f),
        }
    }
}

/// The format of an input.
#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
pub enum Format {
    /// Comma-separated values, with any delimiter
    Csv,
    /// A JSON object on each line
    Ndjson,
    /// An array of JSON objects, or an object with such an array, as pages of an API have
    Json,
    /// A Parquet file
    Parquet,
}

/// The encoding of a text, by any of its names on the web: utf-8, latin1, windows-1252, utf-16le.
#[derive(Clone, Copy, Debug)]
pub struct Encoding(&'static Charset);

impl FromStr for Encoding {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        Charset::for_label(text.as_bytes())
            .map(Encoding)
            .ok_or_else(|| "expected an encoding such as utf-8, latin1, windows-1252 or utf-16le".to_owned())
    }
}

/// An input on the local disk, in UTF-8 if it is a text.
#[derive(Clone, Debug)]
pub struct Fetched {
    /// The file.
    pub path: PathBuf,
    /// The name for people.
    pub name: String,
    /// The format.
    pub format: Format,
    /// The digest of the bytes as they came.
    pub sha256: String,
    /// Their number.
    pub bytes: u64,
}

impl Fetched {
    /// Returns the name of the file, without its folders.
    pub fn file_name(&self) -> &str {
        self.name.rsplit('/').next().unwrap_or_default()
    }
}

impl Source {
    /// Reads the input once: hashes it, checks or converts its encoding, and copies it to `scratch` unless it is a file
    /// that can be read in place.
    ///
    /// # Errors
    /// Fails if the input cannot be read, or if it is a text in another encoding than `encoding`.
    pub fn fetch(
        &self,
        format: Option<Format>,
        encoding: Option<Encoding>,
        scratch: &Path,
        observer: &dyn Observer,
    ) -> anyhow::Result<Fetched> {
        let name = self.to_string();
        let plain = name.strip_suffix(".gz").unwrap_or(&name);
        let format = format.map_or_else(|| format_of(plain), Ok)?;
        let received = scratch.join("received");
        let (mut path, is_copy) = match self {
            Source::File(path) => (path.clone(), false),
            Source::Stdin => {
                write(&received, |target| copy(&mut std::io::stdin().lock(), target))?;
                (received, true)
            }
            Source::Url(url) => {
                download(url, &name, &received, observer)?;
                (received, true)
            }
            Source::Object(object) => {
                write(&received, |target| object.copy_to(target, observer))?;
                (received, true)
            }
        };
        let opened = open_regular(&path).map_err(|error| match is_copy {
            true => error,
            false => Failure::input(format!("{error:#}")).hint("name a file, - for stdin, or an address").into(),
        })?;
        let mut digest = Hashing { reader: opened, sha256: Sha256::new(), bytes: 0 };
        let charset = match encoding {
            _ if format == Format::Parquet => UTF_8,
            Some(Encoding(charset)) => charset,
            None => marked(&path)?.unwrap_or(UTF_8),
        };
        if name.ends_with(".gz") || charset != UTF_8 {
            let converted = scratch.join("converted");
            write(&converted, |target| match (name.ends_with(".gz"), charset == UTF_8) {
                (true, true) => copy(&mut MultiGzDecoder::new(&mut digest), target),
                (true, false) => convert(charset, &name, MultiGzDecoder::new(&mut digest), target),
                (false, _) => convert(charset, &name, &mut digest, target),
            })
            .map_err(|error| of_input(error, &name))?;
            path = converted;
        }
        let mut check = Utf8Check::default();
        let mut is_checked = format == Format::Parquet || path.ends_with("converted") && charset != UTF_8;
        if path.ends_with("converted") && !is_checked {
            check_file(&path, &mut check, &name)?;
            is_checked = true;
        }
        let mut buffer = vec![0; BUFFER_BYTES];
        loop {
            let read = digest.read(&mut buffer).with_context(|| format!("cannot read {name}"))?;
            if read == 0 {
                break;
            }
            if !is_checked {
                check.update(&buffer[..read]).map_err(|line| not_utf8(&name, line))?;
            }
        }
        if !is_checked {
            check.finish().map_err(|line| not_utf8(&name, line))?;
        }
        let (sha256, bytes) = (hex::encode(digest.sha256.finalize()), digest.bytes);
        Ok(Fetched { path, name, format, sha256, bytes })
    }
}

fn check_file(path: &Path, check: &mut Utf8Check, name: &str) -> anyhow::Result<()> {
    let mut file = File::open(path).with_context(|| format!("cannot read {}", path.display()))?;
    let mut buffer = vec![0; BUFFER_BYTES];
    loop {
        let read = file.read(&mut buffer).with_context(|| format!("cannot read {}", path.display()))?;
        if read == 0 {
            return Ok(check.finish().map_err(|line| not_utf8(name, line))?);
        }
        check.update(&buffer[..read]).map_err(|line| not_utf8(name, line))?;
    }
}

/// Returns the format that a file's name ends with.
fn format_of(name: &str) -> Result<Format, Failure> {
    let ending = name.rsplit_once('.').map(|(_, ending)| ending.to_ascii_lowercase()).unwrap_or_default();
    match ending.as_str() {
        "csv" | "tsv" | "tab" | "txt" => Ok(Format::Csv),
        "ndjson" | "jsonl" | "json" => Ok(Format::Ndjson),
        "parquet" => Ok(Format::Parquet),
        _ => Err(Failure::parameters(format!("the name {name} does not say the format"))
            .hint("add --format csv, --format ndjson or --format parquet")),
    }
}

/// Returns the encoding that a byte-order mark at the beginning of a file names.
fn marked(path: &Path) -> anyhow::Result<Option<&'static Charset>> {
    let mut head = Vec::new();
    let file = File::open(path).with_context(|| format!("cannot read {}", path.display()))?;
    file.take(4).read_to_end(&mut head).with_context(|| format!("cannot read {}", path.display()))?;
    Ok(Charset::for_bom(&head).map(|(charset, _)| charset))
}

/// Hashes what is read.
struct Hashing {
    reader: File,
    sha256: Sha256,
    bytes: u64,
}

impl Read for Hashing {
    fn read(&mut self, buffer: &mut [u8]) -> std::io::Result<usize> {
        let read = self.reader.read(buffer)?;
        self.sha256.update(&buffer[..read]);
        self.bytes += read as u64;
        Ok(read)
    }
}

fn write(path: &Path, fill: impl FnOnce(&mut BufWriter<File>) -> anyhow::Result<()>) -> anyhow::Result<()> {
    let cannot = || format!("cannot write {}", path.display());
    let mut target = BufWriter::new(File::create(path).with_context(cannot)?);
    fill(&mut target)?;
    target.flush().with_context(cannot)
}

fn copy(source: &mut impl Read, target: &mut impl Write) -> anyhow::Result<()> {
    std::io::copy(source, target)?;
    Ok(())
}

/// Classifies an error of the decoder of gzip.
fn of_input(error: anyhow::Error, name: &str) -> anyhow::Error {
    let damaged = error.chain().find_map(|cause| cause.downcast_ref::<std::io::Error>()).is_some_and(|error| {
        matches!(error.kind(), std::io::ErrorKind::InvalidInput | std::io::ErrorKind::UnexpectedEof)
    });
    if damaged { Failure::input(format!("{name} is no whole gzip file: {error:#}")).into() } else { error }
}

fn download(url: &str, name: &str, target: &Path, observer: &dyn Observer) -> anyhow::Result<()> {
    let roots = match std::env::var_os("SSL_CERT_FILE").filter(|path| !path.is_empty()) {
        None => RootCerts::WebPki,
        Some(path) => crate::http::root_certificates(Path::new(&path)).map_err(Failure::parameters)?,
    };
    let config = agent_config(url, roots).timeout_connect(Some(Duration::from_secs(30)));
    let agent: ureq::Agent = config.timeout_recv_response(Some(Duration::from_secs(120))).build().into();
    let policy = RetryPolicy {
        max_attempts: MAX_ATTEMPTS,
        first_wait: Duration::from_secs(1),
        max_backoff: Duration::from_secs(30),
        deadline: None,
    };
    policy.run(observer, || {
        let external = |what: String| RequestError::transient(Failure::external(format!("{name}: {what}")));
        let response = agent.get(url).call().map_err(|error| external(error.to_string()))?;
        let status = response.status();
        if status.is_server_error() || status.as_u16() == 429 {
            return Err(external(format!("the server answers {status}")));
        }
        if !status.is_success() {
            return Err(Failure::input(format!("{name}: the server answers {status}")).into());
        }
        let mut body = response.into_body().into_reader();
        let mut file =
            BufWriter::new(File::create(target).with_context(|| format!("cannot write {}", target.display()))?);
        let mut buffer = vec![0; BUFFER_BYTES];
        loop {
            let read = body.read(&mut buffer).map_err(|error| external(error.to_string()))?;
            if read == 0 {
                break;
            }
            file.write_all(&buffer[..read]).with_context(|| format!("cannot write {}", target.display()))?;
        }
        Ok(file.flush().with_context(|| format!("cannot write {}", target.display()))?)
    })
}
