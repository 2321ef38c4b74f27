//! A Postgres server of the test process, from the installed binaries.

use std::fs;
use std::net::TcpListener;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::OnceLock;
use std::sync::atomic::{AtomicUsize, Ordering};

use lake_catalog::Store;
use postgres::{Client, Config, NoTls};

use super::{Dir, eventually, skipped};

/// The user of the server, and its password.
const USER: &str = "discogs";
pub const PASSWORD: &str = "only-of-the-tests";

/// A server that ends with the test process.
pub struct PostgresServer {
    port: u16,
    /// Outside of the server's folder, which belongs to another user and goes with the server.
    password_file: PathBuf,
    /// A shell that stops the server when its standard input ends, which the kernel sees to.
    _shell: Child,
}

impl PostgresServer {
    /// Returns the server of this process, or `None` if Postgres is not installed.
    pub fn shared() -> Option<&'static PostgresServer> {
        static SERVER: OnceLock<Option<PostgresServer>> = OnceLock::new();
        let server = SERVER.get_or_init(PostgresServer::start);
        if server.is_none() {
            skipped("Postgres is not installed (apt-get install postgresql)");
        }
        server.as_ref()
    }

    fn start() -> Option<PostgresServer> {
        let bin = binaries()?;
        let folder = Dir::in_memory().keep();
        fs::set_permissions(&folder, fs::Permissions::from_mode(0o755)).unwrap();
        let home = folder.join("postgres");
        fs::create_dir(&home).unwrap();
        let password = home.join("password");
        fs::write(&password, PASSWORD).unwrap();
        // Postgres refuses to run as root.
        let as_postgres = if rustix::process::getuid().is_root() { "runuser -u postgres -- " } else { "" };
        if !as_postgres.is_empty() {
            assert!(Command::new("chown").args(["-R", "postgres:"]).arg(&home).status().unwrap().success());
        }
        let port = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
        let script = format!(
            "cd / && {as_postgres}{bin}/initdb -D {home}/data -U {USER} -A scram-sha-256 --pwfile={home}/password \\
                --no-sync -E UTF8 --locale=C.UTF-8 >/dev/null || exit 1
            {as_postgres}{bin}/pg_ctl -D {home}/data -w -l {home}/log -o '-p {port} -c listen_addresses=127.0.0.1 \\
                -c unix_socket_directories= -c fsync=off -c shared_buffers=32MB -c max_connections=100' start >/dev/null
            cat >/dev/null
            {as_postgres}{bin}/pg_ctl -D {home}/data -m immediate stop >/dev/null
            rm -rf {folder}",
            bin = bin.display(),
            home = home.display(),
            folder = folder.display(),
        );
        let mut shell = Command::new("setsid");
        let shell = shell.args(["sh", "-c", &script]).stdin(Stdio::piped()).spawn().unwrap();
        let password_file = Path::new(env!("CARGO_TARGET_TMPDIR")).join(format!("password-{}", std::process::id()));
        fs::write(&password_file, format!("{PASSWORD}\n")).unwrap();
        let server = PostgresServer { port, password_file, _shell: shell };
        eventually("Postgres answers", || server.config("postgres").connect(NoTls).is_ok());
        Some(server)
    }

    /// Creates a database and returns its name.
    pub fn database(&self) -> String {
        static NEXT: AtomicUsize = AtomicUsize::new(0);
        let name = format!("test_{}", NEXT.fetch_add(1, Ordering::Relaxed));
        self.client("postgres").batch_execute(&format!("CREATE DATABASE {name}")).unwrap();
        name
    }

    pub fn url(&self, database: &str) -> String {
        format!("postgres://{USER}@127.0.0.1:{}/{database}", self.port)
    }

    pub fn port(&self) -> u16 {
        self.port
    }

    pub fn client(&self, database: &str) -> Client {
        self.config(database).connect(NoTls).unwrap()
    }

    fn config(&self, database: &str) -> Config {
        let mut config: Config = self.url(database).parse().unwrap();
        config.password(PASSWORD);
        config
    }
}

/// A database of a test, for the catalog of its lake.
pub struct CatalogDatabase {
    server: &'static PostgresServer,
    pub name: String,
}

impl CatalogDatabase {
    /// Creates an empty database, or returns `None` if Postgres is not installed.
    pub fn create() -> Option<Self> {
        let server = PostgresServer::shared()?;
        Some(CatalogDatabase { server, name: server.database() })
    }

    pub fn url(&self) -> String {
        self.server.url(&self.name)
    }

    /// The URL of this database behind a proxy.
    pub fn url_at(&self, port: u16) -> String {
        format!("postgres://{USER}@127.0.0.1:{port}/{}", self.name)
    }

    pub fn port(&self) -> u16 {
        self.server.port
    }

    pub fn password_file(&self) -> &'static str {
        self.server.password_file.to_str().unwrap()
    }

    pub fn connect(&self) -> Client {
        self.server.client(&self.name)
    }

    /// The store of the crate.
    pub fn store(&self) -> Store {
        Store::Postgres { url: self.url(), password: Some(PASSWORD.to_owned()) }
    }
}

fn binaries() -> Option<PathBuf> {
    let folders = fs::read_dir("/usr/lib/postgresql").into_iter().flatten().map(|entry| entry.unwrap().path());
    let mut found: Vec<PathBuf> = folders.map(|folder| folder.join("bin")).filter(|bin| has_server(bin)).collect();
    found.sort();
    found.pop()
}

fn has_server(bin: &Path) -> bool {
    bin.join("initdb").is_file() && bin.join("pg_ctl").is_file()
}
