//! Refusals of the server: clients without a token, pages of other sites, files, and unsafe parameters.

use std::fs;
use std::os::unix::fs::symlink;

use sha2::{Digest, Sha256};
use ureq::tls::{Certificate, RootCerts, TlsConfig};

use super::{Reply, Server, empty, published, send, with_run};
use crate::support::{TestLake, eventually};

const TOKENS: [(&str, &str); 3] = [("reader", "read"), ("writer", "write"), ("owner", "admin")];

/// A file with a token for each scope; the token is the name, repeated.
fn tokens(lake: &TestLake) -> String {
    let line = |(name, scope): (&str, &str)| {
        format!("{name}:{scope}:{}\n", hex::encode(Sha256::digest(token(name).as_bytes())))
    };
    let file = lake.write("tokens", TOKENS.map(line).concat());
    file.to_str().unwrap().to_owned()
}

fn token(name: &str) -> String {
    format!("{name}-{name}-{name}-{name}")
}

fn with_token(server: &Server, name: &str, method: &str, path: &str, body: &[u8]) -> Reply {
    let authorization = format!("Bearer {}", token(name));
    let kind = if path.starts_with("/ingest") { "text/csv" } else { "application/json" };
    server.send(method, path, &[("Authorization", &authorization), ("Content-Type", kind)], body)
}

#[test]
fn a_token_is_required_and_permits_what_its_scope_says() {
    let lake = with_run();
    let tokens = tokens(&lake);
    let server = Server::start(&lake, &["--tokens", &tokens]);
    for path in ["/healthz", "/readyz", "/openapi.json", "/docs"] {
        server.get(path).expect(200);
    }
    for path in ["/tables", "/runs", "/metrics", "/nothing", "/jobs/x", "/iceberg/v1/config"] {
        let refused = server.get(path);
        assert_eq!(refused.header("www-authenticate"), Some("Bearer"), "{path}");
        refused.problem(401, "unauthorized", "missing");
    }
    with_token(&server, "stranger", "GET", "/tables", b"").problem(401, "unauthorized", "not known");
    let basic = [("Authorization", "Basic cmVhZGVy")];
    server.send("GET", "/tables", &basic, b"").problem(401, "unauthorized", "missing");
    let select = br#"{"sql": "SELECT 1 AS one"}"#;
    let back = br#"{"to": "17"}"#;
    for (name, may_write, may_move) in [("reader", false, false), ("writer", true, false), ("owner", true, true)] {
        with_token(&server, name, "GET", "/tables", b"").expect(200);
        with_token(&server, name, "POST", "/query", select).expect(200);
        let written = with_token(&server, name, "POST", "/ingest/t?key=id", b"id\n1\n");
        let moved = with_token(&server, name, "POST", "/tables/t/rollback", back);
        if may_write {
            drop(written.expect(200))
        } else {
            drop(written.problem(403, "forbidden", "scope write"))
        }
        // The owner may move the table, which has no such snapshot.
        if may_move {
            drop(moved.problem(400, "parameters", "17"))
        } else {
            drop(moved.problem(403, "forbidden", "scope admin"))
        }
    }
    assert_eq!(with_token(&server, "reader", "GET", "/nothing", b"").status, 404);
    let created = br#"{"namespace": ["x"]}"#;
    with_token(&server, "reader", "POST", "/iceberg/v1/namespaces", created).problem(403, "forbidden", "scope write");
    assert!(!server.log().contains(&token("reader")), "a token is in the log");
    // A token that is taken out of the file is refused without a restart.
    let kept: String = fs::read_to_string(&tokens)
        .unwrap()
        .lines()
        .filter(|line| !line.starts_with("reader"))
        .map(|line| format!("{line}\n"))
        .collect();
    fs::write(&tokens, kept).unwrap();
    eventually("the token is refused", || with_token(&server, "reader", "GET", "/tables", b"").status == 401);
    with_token(&server, "writer", "GET", "/tables", b"").expect(200);
}

#[test]
fn a_network_is_served_with_tokens_and_tls_only() {
    let lake = empty();
    let tokens = tokens(&lake);
    let refused = |arguments: &[&str], part: &str| {
        let listen = ["--listen", "0.0.0.0:0"];
        lake.call("lakehouse-server", &[&listen[..], arguments].concat()).run().expect_status(2).expect_stderr(part);
    };
    refused(&[], "needs tokens");
    refused(&["--tokens", &tokens], "plain http");
    refused(&["--tokens", "/nothing"], "tokens");
    let empty_file = lake.write("none", "# nothing\n");
    refused(&["--tokens", empty_file.to_str().unwrap(), "--allow-http=true"], "holds no token");
    refused(&["--tls-cert", "a.pem"], "tls");
    refused(&["--cors-origins", "*", "--tokens", &tokens, "--allow-http=true"], "no origin");
    let server = Server::start(&lake, &["--listen", "0.0.0.0:0", "--tokens", &tokens, "--allow-http=true"]);
    server.get("/tables").problem(401, "unauthorized", "missing");
    with_token(&server, "reader", "GET", "/tables", b"").expect(200);
}

#[test]
fn tls_is_spoken_with_the_certificate() {
    let lake = empty();
    let rcgen::CertifiedKey { cert, signing_key } =
        rcgen::generate_simple_self_signed(vec!["127.0.0.1".to_owned()]).unwrap();
    let certificate = lake.write("cert.pem", cert.pem());
    let key = lake.write("key.pem", signing_key.serialize_pem());
    let (certificate, key) = (certificate.to_str().unwrap(), key.to_str().unwrap());
    let server = Server::start(&lake, &["--tls-cert", certificate, "--tls-key", key]);
    let trusted = RootCerts::new_with_certs(&[Certificate::from_pem(cert.pem().as_bytes()).unwrap()]);
    let config = ureq::Agent::config_builder().tls_config(TlsConfig::builder().root_certs(trusted).build());
    let agent: ureq::Agent = config.http_status_as_error(false).build().into();
    let url = format!("https://{}/healthz", server.address);
    assert_eq!(send(&agent, &url, "GET", &[], b"").unwrap().expect(200).json()["status"], "ok");
    // Plain http gets no answer, and leaves the server as it is.
    assert!(!server.raw("GET /healthz HTTP/1.1\r\nHost: localhost\r\n\r\n").contains("200 OK"));
    assert!(send(&agent, &url, "GET", &[], b"").is_ok());
    drop(server);
    lake.call("lakehouse-server", &["--tls-cert", key, "--tls-key", certificate])
        .run()
        .expect_status(2)
        .expect_stderr("tls_cert");
}

#[test]
fn a_page_of_another_site_gets_no_answer() {
    let lake = with_run();
    let server = Server::start(&lake, &["--cors-origins", "https://app.example.org", "--hosts", "lake.internal"]);
    // The name of another site that resolves to 127.0.0.1.
    for host in ["evil.example", "evil.example:8099", "127.0.0.1.evil.example", ""] {
        let answer = server.raw(&format!("GET /tables HTTP/1.1\r\nHost: {host}\r\nConnection: close\r\n\r\n"));
        assert!(answer.starts_with("HTTP/1.1 403") && answer.contains("\"forbidden\""), "{host}: {answer}");
    }
    for host in ["lake.internal", "localhost:1", "[::1]"] {
        let answer = server.raw(&format!("GET /tables HTTP/1.1\r\nHost: {host}\r\nConnection: close\r\n\r\n"));
        assert!(answer.starts_with("HTTP/1.1 200"), "{host}: {answer}");
    }
    // A page that sends a request to 127.0.0.1 itself, a form among them, which needs no permission of CORS.
    let body = br#"{"sql": "SELECT 1"}"#;
    for origin in ["https://evil.example", "null", "http://localhost:3000"] {
        let headers = [("Origin", origin), ("Content-Type", "application/json")];
        let refused = server.send("POST", "/query", &headers, body);
        assert_eq!(refused.header("access-control-allow-origin"), None);
        refused.problem(403, "forbidden", "origin");
    }
    server.send("POST", "/query", &[("Content-Type", "text/plain")], body).problem(415, "unsupported_type", "json");
    let same = format!("http://{}", server.address);
    server.send("POST", "/query", &[("Origin", &same), ("Content-Type", "application/json")], body).expect(200);
    // The page that the list has.
    let allowed = [("Origin", "https://app.example.org"), ("Content-Type", "application/json")];
    let answer = server.send("POST", "/query", &allowed, body).expect(200);
    assert_eq!(answer.header("access-control-allow-origin"), Some("https://app.example.org"));
    let ask = [("Origin", "https://app.example.org"), ("Access-Control-Request-Method", "POST")];
    let preflight = server.send("OPTIONS", "/query", &ask, b"");
    assert_eq!(preflight.header("access-control-allow-origin"), Some("https://app.example.org"));
    let ask = [("Origin", "https://evil.example"), ("Access-Control-Request-Method", "POST")];
    assert_eq!(server.send("OPTIONS", "/query", &ask, b"").header("access-control-allow-origin"), None);
}

#[test]
fn sql_reads_the_lake_and_nothing_else() {
    let lake = published();
    let secret = lake.write("secret.csv", "password\nhunter2\n");
    let server = Server::start(&lake, &[]);
    let before = lake.snapshot();
    let path = secret.display();
    for sql in [
        format!("SELECT * FROM read_csv('{path}')"),
        format!("FROM '{path}'"),
        format!("SELECT * FROM read_text('{path}')"),
        format!("SELECT * FROM glob('{path}')"),
        "SELECT * FROM read_text('/etc/passwd')".to_owned(),
        "SELECT * FROM read_csv('https://example.org/x.csv')".to_owned(),
        format!("COPY (SELECT 1) TO '{path}'"),
        format!("ATTACH '{path}' AS other"),
        "CREATE TABLE t AS SELECT 1".to_owned(),
        "INSTALL httpfs".to_owned(),
        "SET enable_external_access = true".to_owned(),
        "PRAGMA database_list".to_owned(),
        "SELECT 1; SELECT 2".to_owned(),
        "SELECT * FROM query('SELECT 1')".to_owned(),
        "SELECT * FROM write_log('x')".to_owned(),
    ] {
        let refused = server.query(&sql).expect(400).json();
        assert!(
            !refused.to_string().contains("hunter2") && !refused.to_string().contains("--allow-files"),
            "{refused}"
        );
    }
    before.expect_unchanged(&lake.root());
    // A link that leads out of the lake ends all queries until it is gone.
    symlink(secret.parent().unwrap(), lake.path("_meta/out")).unwrap();
    server.query("SELECT 1").problem(400, "parameters", "outside the lake");
    fs::remove_file(lake.path("_meta/out")).unwrap();
    server.query("SELECT 1").expect(200);
}

#[test]
fn no_path_and_no_address_of_a_client_is_read() {
    let lake = empty();
    let secret = lake.write("secret.csv", "id\n42\n");
    let server = Server::start(&lake, &[]);
    let path = secret.display().to_string();
    for parameter in ["from", "source", "lake", "format", "catalog"] {
        let target = format!("t?key=id&{parameter}={path}");
        server.ingest(&target, "id\n1\n", &[]).problem(400, "parameters", parameter);
    }
    // A body that is a path or an address is a text like any other.
    server.ingest("t?key=id", &format!("id\n{path}\nhttp://example.org/x.csv\n"), &[]).expect(200);
    let found = server.query("SELECT COUNT(*) AS n FROM mine.t WHERE id LIKE '%42%'").expect(200).json();
    assert_eq!(found[0]["n"], 0);
    for path in
        ["/tables/..", "/tables/%2e%2e%2f_meta", "/runs/%2e%2e", "/jobs/%2e%2e%2f%2e%2e", "/../_meta/catalog.sqlite"]
    {
        let answer = server.raw(&format!("GET {path} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n"));
        assert!(answer.starts_with("HTTP/1.1 404"), "{path}: {answer}");
    }
}

#[test]
fn the_log_of_writes_has_who_what_and_how_it_ended() {
    let lake = with_run();
    let tokens = tokens(&lake);
    let server = Server::start(&lake, &["--tokens", &tokens]);
    let done = with_token(&server, "writer", "POST", "/ingest/t?key=id", b"id,name\n1,hunter2\n").expect(200).json();
    with_token(&server, "reader", "POST", "/ingest/t", b"id\n2\n").expect(403);
    with_token(&server, "writer", "POST", "/ingest/t", b"id\n1,2,3\n").expect(422);
    with_token(&server, "reader", "POST", "/query", br#"{"sql": "SELECT 'hunter2'"}"#).expect(200);
    let log = fs::read_to_string(lake.path("_meta/server/audit.ndjson")).unwrap();
    let lines: Vec<serde_json::Value> = log.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    let of = |who: &str, result: &str| {
        lines.iter().find(|line| line["who"] == who && line["result"] == result && line["status"].is_number())
    };
    let committed = of("writer", "committed").unwrap_or_else(|| panic!("{log}"));
    assert_eq!((&committed["job_id"], &committed["status"]), (&done["job_id"], &200.into()));
    assert_eq!(committed["snapshot_id"], done["result"]["snapshot_id"]);
    assert_eq!(committed["request"], "POST /ingest/t");
    assert!(of("reader", "forbidden").is_some() && of("writer", "bad_input").is_some(), "{log}");
    assert!(!log.contains("hunter2") && !log.contains(&token("writer")) && !log.contains("/query"), "{log}");
}

#[test]
fn a_lake_has_one_server() {
    let lake = empty();
    let server = Server::start(&lake, &[]);
    lake.call("lakehouse-server", &["--listen", "127.0.0.1:0"])
        .run()
        .expect_status(4)
        .expect_stderr("lakehouse-server");
    let taken = lake.beside("other");
    fs::create_dir_all(&taken).unwrap();
    let arguments = ["--lake", taken.to_str().unwrap(), "--listen", &server.address];
    lake.call("lakehouse-server", &arguments).run().expect_status(2).expect_stderr("cannot listen");
}
