use std::thread;

use super::{Own, counts};

#[test]
fn two_writers_of_one_table_both_land() {
    let own = Own::new();
    own.done("id,by\n0,first\n", &["--key", "id"]);
    let files: Vec<_> = (1..=4)
        .map(|writer| {
            let rows = (0..50).map(|row| format!("{},{writer}\n", row * 4 + writer)).collect::<String>();
            own.0.write(&format!("of-{writer}.csv"), format!("id,by\n{rows}0,{writer}\n"))
        })
        .collect();
    let own = &own;
    thread::scope(|scope| {
        for file in &files {
            scope.spawn(move || {
                let call = ["--table", "mine.inventory", "--from", file.to_str().unwrap()];
                own.0.call("upsert-table", &call).run().expect_status(0)
            });
        }
    });
    assert_eq!(own.rows("SELECT count(*), count(DISTINCT id) FROM mine.inventory", &[]), ["201,201"]);
    let history = own.0.call("table-history", &["--table", "mine.inventory"]).run().expect_status(0).json();
    assert_eq!(history["metrics"]["snapshots"], 5);
}

#[test]
fn an_input_is_fetched_over_http() {
    let own = Own::new();
    let server = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("http://{}/inventory.csv?key=secret", server.local_addr().unwrap());
    let served = thread::spawn(move || {
        use std::io::{Read, Write};
        for answer in [
            "HTTP/1.1 503 Busy\r\nContent-Length: 0\r\nConnection: close\r\n\r\n",
            "HTTP/1.1 200 OK\r\nContent-Length: 9\r\nConnection: close\r\n\r\nid,a\n1,2\n",
        ] {
            let (mut stream, _) = server.accept().unwrap();
            let mut request = [0; 4096];
            let _ = stream.read(&mut request).unwrap();
            stream.write_all(answer.as_bytes()).unwrap();
        }
    });
    let call = ["--table", "mine.inventory", "--key", "id", "--from", &url];
    let result = own.0.call("upsert-table", &call).run().expect_status(0);
    served.join().unwrap();
    assert!(!result.stdout.contains("secret") && !result.stderr.contains("secret"), "{}", result.stderr);
    assert_eq!(counts(&result.json()), [1, 0, 0, 0, 0]);
}
