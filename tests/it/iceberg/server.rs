//! A Postgres server of the tests' own, in memory if possible, which ends with the process.

use std::fs;
use std::io::{BufRead, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::OnceLock;
use std::sync::atomic::{AtomicUsize, Ordering};

use postgres::{Client, Config, NoTls};

use crate::support::skipped;

const USER: &str = "lake";
const PASSWORD: &str = "a secret of the tests";

/// The server, with the password of its user in a file.
pub struct Server {
    port: u16,
    password_file: PathBuf,
}

/// A database of a test.
pub struct Database {
    port: u16,
    pub name: String,
    pub password_file: &'static Path,
}

/// Starts the server once a process. `None`, with a loud line, if Postgres is not installed.
pub fn server() -> Option<&'static Server> {
    static SERVER: OnceLock<Option<Server>> = OnceLock::new();
    SERVER.get_or_init(start).as_ref()
}

/// An empty database.
pub fn database() -> Option<Database> {
    static NEXT: AtomicUsize = AtomicUsize::new(0);
    let server = server()?;
    let name = format!("lake_{}", NEXT.fetch_add(1, Ordering::Relaxed));
    connect(server.port, "postgres").batch_execute(&format!("CREATE DATABASE {name}")).unwrap();
    Some(Database { port: server.port, name, password_file: &server.password_file })
}

impl Database {
    pub fn url(&self) -> String {
        self.url_at(self.port)
    }

    /// The URL of this database behind a proxy.
    pub fn url_at(&self, port: u16) -> String {
        format!("postgres://{USER}@127.0.0.1:{port}/{}", self.name)
    }

    pub fn port(&self) -> u16 {
        self.port
    }

    pub fn password_file(&self) -> &str {
        self.password_file.to_str().unwrap()
    }

    pub fn password(&self) -> &'static str {
        PASSWORD
    }

    pub fn connect(&self) -> Client {
        connect(self.port, &self.name)
    }

    /// The store of the crate.
    pub fn store(&self) -> lake_catalog::Store {
        lake_catalog::Store::Postgres { url: self.url(), password: Some(PASSWORD.to_owned()) }
    }
}

fn connect(port: u16, database: &str) -> Client {
    let mut config = Config::new();
    config.host("127.0.0.1").port(port).user(USER).password(PASSWORD).dbname(database);
    config.connect(NoTls).unwrap()
}

/// The script keeps the server for as long as its standard input is open, which is as long as this process lives. Under
/// root the server runs as the user postgres, because it refuses to run as root.
const KEEP: &str = r#"
cd /
as=
if [ "$(id -u)" = 0 ]; then
  chown -R postgres "$1"
  as="setpriv --reuid postgres --regid postgres --clear-groups"
fi
$as "$3/initdb" -D "$1/data" -U lake -A scram-sha-256 --pwfile "$1/password" --no-sync -E UTF8 --locale=C >"$1/log" 2>&1 || exit 1
$as "$3/postgres" -D "$1/data" -p "$2" -c listen_addresses=127.0.0.1 -c unix_socket_directories= -c fsync=off \
  -c shared_buffers=16MB -c max_connections=50 >>"$1/log" 2>&1 </dev/null &
server=$!
until grep -q 'ready to accept connections' "$1/log"; do
  kill -0 $server || exit 1
  sleep 0.1
done
echo ready
cat >/dev/null
kill -INT $server
wait $server
rm -rf "$1"
"#;

fn start() -> Option<Server> {
    let Some(programs) = programs() else {
        skipped("Postgres is missing (apt-get install postgresql)");
        return None;
    };
    let memory = Path::new("/dev/shm");
    let parent = if memory.is_dir() { memory.to_owned() } else { std::env::temp_dir() };
    let folder = parent.join(format!("discogs-postgres-{}", std::process::id()));
    let _ = fs::remove_dir_all(&folder);
    fs::create_dir(&folder).unwrap();
    fs::write(folder.join("password"), format!("{PASSWORD}\n")).unwrap();
    let port = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
    let mut keeper = Command::new("sh");
    keeper.args(["-c", KEEP, "sh"]).arg(&folder).arg(port.to_string()).arg(programs);
    let mut keeper = keeper.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::null()).spawn().unwrap();
    let mut said = String::new();
    BufReader::new(keeper.stdout.take().unwrap()).read_line(&mut said).unwrap();
    assert_eq!(said, "ready\n", "{}", fs::read_to_string(folder.join("log")).unwrap_or_default());
    // Its standard input stays open until this process ends.
    std::mem::forget(keeper);
    // Outside of the server's folder, which belongs to another user and goes with the server.
    let password_file = Path::new(env!("CARGO_TARGET_TMPDIR")).join(format!("password-{}", std::process::id()));
    fs::write(&password_file, format!("{PASSWORD}\n")).unwrap();
    Some(Server { port, password_file })
}

fn programs() -> Option<PathBuf> {
    let versions = fs::read_dir("/usr/lib/postgresql").into_iter().flatten().flatten();
    let mut folders: Vec<_> = versions.map(|version| version.path().join("bin")).collect();
    folders.retain(|folder| folder.join("initdb").is_file());
    folders.sort();
    folders.pop()
}
