//! An object in S3 as the input of a task.

use lake_store::{Condition, Put};
use sha2::{Digest, Sha256};

use super::relay::{Act, Relay};
use super::server::{KEY, SECRET, Server};
use super::servers;
use crate::own::Own;
use crate::support::Finished;

const OBJECT: &str = "exports/My inventory.csv";

/// Writes an object of 20 MB, three ranges, and returns the number of its rows.
fn put(server: &Server) -> usize {
    let rows = 400_000;
    let row = |id: usize| format!("{id},a title that is long enough for {:010}\n", id * 7);
    let text = "id,title\n".to_owned() + &(0..rows).map(row).collect::<String>();
    let sha256: [u8; 32] = Sha256::digest(text.as_bytes()).into();
    let put = Put { sha256: &sha256, condition: Condition::Any, content_type: "text/csv" };
    server.bucket("").put(OBJECT, text.as_bytes(), &put).unwrap();
    rows
}

fn upsert(own: &Own, from: &str, endpoint: &str) -> Finished {
    let arguments = ["--table", "mine.inventory", "--key", "id", "--from", from];
    let mut command = own.0.call("upsert-table", &arguments);
    command.env("AWS_ENDPOINT_URL", endpoint).env("AWS_ACCESS_KEY_ID", KEY).env("AWS_SECRET_ACCESS_KEY", SECRET).run()
}

#[test]
fn an_object_is_upserted_from_each_server_also_over_a_connection_that_breaks() {
    for (name, server) in servers() {
        let own = Own::new();
        let rows = put(&server);
        let from = format!("s3://lake/{OBJECT}");
        // The look at the object, and its second range.
        let relay = Relay::before(server.port, |seen| match seen.number {
            1 => Act::Status(503, "Retry-After: 0\r\n", "SlowDown"),
            4 => Act::CutAnswer,
            5 => Act::CutBefore,
            _ => Act::Pass,
        });
        let done = upsert(&own, &from, &relay.url()).expect_status(0).json();
        assert_eq!(done["metrics"]["inserted"], rows, "{name}: {done}");
        assert_eq!(own.rows("SELECT count(*), count(DISTINCT title) FROM mine.inventory", &[]), ["400000,400000"]);
        let ranges = relay.seen().iter().filter(|seen| seen.method == "GET").count();
        assert_eq!(ranges, 5, "{name}: three ranges, of which one was asked for three times");
        upsert(&own, &from, &server.url()).expect_status(0).expect_result("already_done");
    }
}

#[test]
fn what_cannot_be_read_is_one_line_and_changes_nothing() {
    let Some(server) = Server::s3s() else { return };
    let own = Own::new();
    let before = own.0.snapshot();
    let missing = upsert(&own, "s3://lake/missing.csv", &server.url()).expect_status(5);
    missing.expect_one_line(&["there is no object s3://lake/missing.csv"]);
    let denied = Relay::before(server.port, |_| Act::Status(403, "", "AccessDenied"));
    upsert(&own, "s3://lake/x.csv", &denied.url()).expect_status(6).expect_one_line(&["s3://lake/x.csv"]);
    let arguments = ["--table", "mine.inventory", "--key", "id", "--from", "s3://lake/x.csv"];
    let mut command = own.0.call("upsert-table", &arguments);
    let alone = command.env("AWS_ENDPOINT_URL", server.url()).env("AWS_EC2_METADATA_DISABLED", "true").run();
    alone.expect_status(2).expect_one_line(&["credentials"]);
    before.expect_unchanged(&own.0.root());
}
