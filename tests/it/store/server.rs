//! The S3 servers of the tests: s3s-fs, which keeps objects as files, and s3mock, which is by others.

use std::fs;
use std::net::{TcpListener, TcpStream};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use lake_store::{Address, Bucket, Credentials, Login, Settings};

use crate::iceberg::rest::fixture::java;
use crate::support::{Dir, TestCommand, skipped};

pub const KEY: &str = "a-key-of-the-tests";
pub const SECRET: &str = "a-secret-of-the-tests";
pub const BUCKET: &str = "lake";

/// A server with an empty bucket, which ends with this value or with the process.
pub struct Server {
    pub port: u16,
    keeper: Child,
    folder: Dir,
}

/// The script keeps the server for as long as its standard input is open, which is as long as this process lives.
const KEEP: &str = r#"
log=$1
shift
"$@" >"$log" 2>&1 </dev/null &
cat >/dev/null
kill -9 $!
"#;

fn tools() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("vendor/tools/s3")
}

impl Server {
    /// Starts s3s-fs. `None`, with a loud line, if it is not installed.
    pub fn s3s() -> Option<Self> {
        let program = tools().join("bin/s3s-fs");
        if !program.is_file() {
            skipped("s3s-fs is missing (scripts/setup-s3)");
            return None;
        }
        let folder = Dir::in_memory();
        let root = folder.path("objects");
        fs::create_dir_all(root.join(BUCKET)).unwrap();
        let port = free_port();
        let mut command = vec![program.display().to_string()];
        let arguments = ["--host", "127.0.0.1", "--access-key", KEY, "--secret-key", SECRET, "--port"];
        command.extend(arguments.map(str::to_owned));
        command.extend([port.to_string(), root.display().to_string()]);
        Some(Server::start(folder, port, &command, &[]))
    }

    /// Starts s3mock. `None`, with a loud line, if it or a Java 17 is not installed.
    pub fn s3mock() -> Option<Self> {
        let jar = tools().join("s3mock.jar");
        let (Some(java), true) = (java(), jar.is_file()) else {
            skipped("s3mock is missing (scripts/setup-s3), or a Java 17");
            return None;
        };
        let folder = Dir::new();
        let port = free_port();
        let options = ["-Xmx256M", "-XX:TieredStopAtLevel=1", "-XX:+UseSerialGC", "-jar"];
        let mut command = vec![java.join("bin/java").display().to_string()];
        command.extend(options.map(str::to_owned));
        command.push(jar.display().to_string());
        let root = folder.path("objects").display().to_string();
        let port_text = port.to_string();
        let variables = [
            ("server.port", "0"),
            ("com.adobe.testing.s3mock.http-port", port_text.as_str()),
            ("com.adobe.testing.s3mock.httpPort", port_text.as_str()),
            ("com.adobe.testing.s3mock.store.root", root.as_str()),
            ("com.adobe.testing.s3mock.store.initial-buckets", BUCKET),
        ];
        let properties = variables.map(|(name, value)| format!("--{name}={value}"));
        command.extend(properties);
        Some(Server::start(folder, port, &command, &[]))
    }

    fn start(folder: Dir, port: u16, command: &[String], variables: &[(&str, &str)]) -> Self {
        let mut keeper = Command::new("sh");
        keeper.args(["-c", KEEP, "sh"]).arg(folder.path("log")).args(command);
        keeper.envs(variables.iter().copied());
        let keeper = keeper.stdin(Stdio::piped()).stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap();
        let server = Server { port, keeper, folder };
        let started = Instant::now();
        while TcpStream::connect(("127.0.0.1", port)).is_err() || server.bucket("").list("").is_err() {
            let log = || fs::read_to_string(server.folder.path("log")).unwrap_or_default();
            assert!(started.elapsed() < Duration::from_secs(90), "the server does not start: {}", log());
            std::thread::sleep(Duration::from_millis(50));
        }
        server
    }

    pub fn url(&self) -> String {
        url(self.port)
    }

    /// The bucket, as the tests look into it.
    pub fn bucket(&self, prefix: &str) -> Bucket {
        let address = Address { bucket: BUCKET.to_owned(), prefix: prefix.to_owned() };
        let settings = Settings { endpoint: Some(self.url()), ..Settings::default() };
        let credentials =
            Credentials { key_id: KEY.to_owned(), secret: SECRET.to_owned(), session_token: None, expires: None };
        Bucket::open_with(&address, &settings, Login::fixed(credentials)).unwrap()
    }

    /// The keys that are there.
    pub fn keys(&self, prefix: &str) -> Vec<String> {
        self.bucket("").list(prefix).unwrap().into_iter().map(|object| object.key).collect()
    }

    /// The bytes of an object.
    pub fn object(&self, key: &str) -> Vec<u8> {
        self.bucket("").get(key, 1 << 30).unwrap().unwrap_or_else(|| panic!("there is no {key}")).bytes
    }

    /// The file of an object of s3s-fs.
    pub fn file(&self, key: &str) -> PathBuf {
        self.folder.path("objects").join(BUCKET).join(key)
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        drop(self.keeper.stdin.take());
        let _ = self.keeper.wait();
    }
}

pub fn url(port: u16) -> String {
    format!("http://127.0.0.1:{port}")
}

/// Adds a warehouse, and credentials in the environment.
pub fn at<'c>(command: &'c mut TestCommand, endpoint: &str) -> &'c mut TestCommand {
    command.env("AWS_ACCESS_KEY_ID", KEY).env("AWS_SECRET_ACCESS_KEY", SECRET).args(&[
        "--warehouse",
        WAREHOUSE,
        "--s3-endpoint",
        endpoint,
        "--s3-first-wait",
        "1ms",
    ])
}

pub const WAREHOUSE: &str = "s3://lake/discogs";

fn free_port() -> u16 {
    TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port()
}
