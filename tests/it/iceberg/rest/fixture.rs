//! The REST server of Iceberg's own tests, over a SQLite file of a test.

use std::fs;
use std::io::{Read, Write};
use std::net::{TcpListener, TcpStream};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use lake_catalog::{Access, Catalog, Login, Store};

use crate::support::{Dir, TestLake, skipped};

/// A server with a catalog of its own, which ends with this value or with the process.
pub struct Fixture {
    pub port: u16,
    keeper: Child,
    folder: Dir,
}

/// The script keeps the server for as long as its standard input is open, which is as long as this process lives.
const KEEP: &str = r#"
"$1" -Xmx192M -XX:TieredStopAtLevel=1 -XX:+UseSerialGC -cp "$2/*" org.apache.iceberg.rest.RESTCatalogServer >"$3/log" 2>&1 </dev/null &
cat >/dev/null
kill -9 $!
"#;

/// Starts a server. `None`, with a loud line, if it is not installed.
pub fn fixture() -> Option<Fixture> {
    let jars = Path::new(env!("CARGO_MANIFEST_DIR")).join("vendor/tools/iceberg-rest");
    let (Some(java), true) = (java(), jars.join(".whole").is_file()) else {
        skipped("Iceberg's REST server is missing (scripts/setup-iceberg-rest), or a Java 17");
        return None;
    };
    let folder = Dir::in_memory();
    let port = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
    let database = folder.path("catalog.sqlite");
    let mut keeper = Command::new("sh");
    keeper.args(["-c", KEEP, "sh"]).arg(java.join("bin/java")).arg(&jars).arg(folder.path(""));
    for (name, value) in [
        ("CATALOG__IMPL", "org.apache.iceberg.jdbc.JdbcCatalog"),
        ("CATALOG_NAME", "lake"),
        ("URI", &format!("jdbc:sqlite:{}", database.display())),
        ("JDBC_SCHEMA__VERSION", "V1"),
        // SQLite has one writer.
        ("CLIENTS", "1"),
        ("WAREHOUSE", &format!("file://{}", folder.path("warehouse").display())),
        ("REST_PORT", &port.to_string()),
    ] {
        keeper.env(format!("CATALOG_{name}"), value);
    }
    let keeper = keeper.stdin(Stdio::piped()).stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap();
    let fixture = Fixture { port, keeper, folder };
    let started = Instant::now();
    while !fixture.answers() {
        let log = || fs::read_to_string(fixture.folder.path("log")).unwrap_or_default();
        assert!(started.elapsed() < Duration::from_secs(90), "the server does not start: {}", log());
        std::thread::sleep(Duration::from_millis(100));
    }
    Some(fixture)
}

/// The home of a Java 17, which Spark 3.5 runs on as well.
pub fn java() -> Option<PathBuf> {
    let homes = fs::read_dir("/usr/lib/jvm").into_iter().flatten().flatten().map(|entry| entry.path());
    let is_17 = |home: &PathBuf| {
        let release = fs::read_to_string(home.join("release")).unwrap_or_default();
        release.contains("JAVA_VERSION=\"17.") && home.join("bin/java").is_file()
    };
    homes.into_iter().find(is_17)
}

/// A REST server.
pub trait Rest {
    fn url(&self) -> String;

    fn store(&self) -> Store {
        Store::Rest { url: self.url(), login: Login::None, authorities: None }
    }

    /// The catalog of a lake on this server.
    fn catalog(&self, lake: &TestLake, access: Access) -> Catalog {
        Catalog::open(&self.store(), &fs::canonicalize(lake.root()).unwrap(), access).unwrap()
    }
}

impl Rest for Fixture {
    fn url(&self) -> String {
        format!("http://127.0.0.1:{}", self.port)
    }
}

impl Fixture {
    fn answers(&self) -> bool {
        let Ok(mut stream) = TcpStream::connect(("127.0.0.1", self.port)) else { return false };
        let _ = stream.write_all(b"GET /v1/config HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n");
        let mut answer = String::new();
        stream.read_to_string(&mut answer).is_ok() && answer.contains("transactions/commit")
    }
}

impl Drop for Fixture {
    fn drop(&mut self) {
        drop(self.keeper.stdin.take());
        let _ = self.keeper.wait();
    }
}
