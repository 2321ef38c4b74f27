//! Where credentials come from, and that they are in no output.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpListener;
use std::sync::{Arc, Mutex};

use super::lake;
use super::server::{KEY, SECRET, Server, WAREHOUSE};
use crate::support::{RUN, TestCommand, TestLake};

/// A command that looks a run up, with no credentials and no home yet.
fn status(lake: &TestLake, endpoint: &str) -> TestCommand {
    let mut command = lake.call("verify-run", &["--warehouse", WAREHOUSE, "--s3-endpoint", endpoint]);
    command.args(&["--run-id", RUN, "--s3-max-attempts", "1"]);
    for name in ["AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_SESSION_TOKEN", "AWS_PROFILE"] {
        command.env_remove(name);
    }
    command.env("HOME", lake.beside("home")).env("AWS_EC2_METADATA_DISABLED", "true");
    command
}

/// The bucket is empty, so that a login that works ends here.
#[track_caller]
fn expect_login(command: &mut TestCommand) {
    let finished = command.run().expect_status(5).expect_stderr("is not whole in s3://lake/discogs");
    assert!(!finished.stderr.contains(SECRET) && !finished.stdout.contains(SECRET), "{}", finished.stderr);
}

/// A service that answers by the beginning of a request line, and records the requests.
fn service(answers: Vec<(&'static str, String)>) -> (String, Arc<Mutex<Vec<String>>>) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    let requests = Arc::new(Mutex::new(Vec::new()));
    let seen = requests.clone();
    std::thread::spawn(move || {
        for mut stream in listener.incoming().flatten() {
            let mut reader = BufReader::new(stream.try_clone().unwrap());
            let mut head = String::new();
            while !head.ends_with("\r\n\r\n") && reader.read_line(&mut head).unwrap_or(0) > 0 {}
            let length =
                head.to_lowercase().lines().find_map(|line| line.strip_prefix("content-length: ")?.parse().ok());
            let mut body = vec![0; length.unwrap_or(0)];
            let _ = reader.read_exact(&mut body);
            let answer = answers.iter().find(|(begins, _)| head.starts_with(begins));
            let (status, text) = answer.map_or((404, ""), |(_, text)| (200, text.as_str()));
            seen.lock().unwrap().push(format!("{head}{}", String::from_utf8_lossy(&body)));
            let head = format!("HTTP/1.1 {status} X\r\nContent-Length: {}\r\nConnection: close\r\n\r\n", text.len());
            let _ = stream.write_all(format!("{head}{text}").as_bytes());
        }
    });
    (url, requests)
}

#[test]
fn credentials_come_from_the_environment_a_profile_a_web_identity_a_container_or_the_instance() {
    let Some(server) = Server::s3s() else { return };
    let lake = lake();
    let url = server.url();
    let none = status(&lake, &url).run().expect_status(2);
    none.expect_one_line(&["cannot find the credentials of object storage", "docs/object-storage.md"]);

    expect_login(status(&lake, &url).env("AWS_ACCESS_KEY_ID", KEY).env("AWS_SECRET_ACCESS_KEY", SECRET));
    let half = status(&lake, &url).env("AWS_ACCESS_KEY_ID", KEY).run().expect_status(2);
    half.expect_one_line(&["AWS_SECRET_ACCESS_KEY is not"]);
    let wrong = status(&lake, &url).env("AWS_ACCESS_KEY_ID", KEY).env("AWS_SECRET_ACCESS_KEY", "other").run();
    wrong.expect_status(6).expect_one_line(&["HTTP 403", "check the key"]);

    // The profile also has the endpoint.
    let profile = format!("aws_access_key_id = {KEY}\naws_secret_access_key = {SECRET}\n");
    lake.write("home/.aws/credentials", format!("[default]\n{profile}"));
    expect_login(&mut status(&lake, &url));
    lake.write("home/.aws/credentials", format!("[lake]\n{profile}"));
    lake.write("home/.aws/config", format!("[profile lake]\nregion = us-east-1\nendpoint_url = {url}\n"));
    let mut named = lake.call("verify-run", &["--warehouse", WAREHOUSE, "--run-id", RUN]);
    expect_login(named.env("HOME", lake.beside("home")).env("AWS_PROFILE", "lake"));
    status(&lake, &url).env("AWS_PROFILE", "other").run().expect_status(2).expect_one_line(&["no profile other"]);
    std::fs::remove_dir_all(lake.beside("home")).unwrap();

    let expires = "2099-01-01T00:00:00Z";
    let answer = format!(
        "<AssumeRoleWithWebIdentityResponse><AssumeRoleWithWebIdentityResult><Credentials><AccessKeyId>{KEY}</AccessKeyId>\
         <SecretAccessKey>{SECRET}</SecretAccessKey><Expiration>{expires}</Expiration></Credentials>\
         </AssumeRoleWithWebIdentityResult></AssumeRoleWithWebIdentityResponse>"
    );
    let (sts, requests) = service(vec![("POST /", answer)]);
    let token = lake.write("token", "a token/of the pod\n");
    let mut web = status(&lake, &url);
    web.env("AWS_WEB_IDENTITY_TOKEN_FILE", &token).env("AWS_ROLE_ARN", "arn:aws:iam::1:role/lake");
    expect_login(web.env("AWS_ENDPOINT_URL_STS", &sts));
    let sent = requests.lock().unwrap().join("\n");
    assert!(
        sent.contains("WebIdentityToken=a%20token%2Fof%20the%20pod") && sent.contains("RoleArn=arn%3Aaws"),
        "{sent}"
    );

    let json = format!(r#"{{"AccessKeyId": "{KEY}", "SecretAccessKey": "{SECRET}", "Expiration": "{expires}"}}"#);
    let (container, requests) = service(vec![("GET /role", json.clone())]);
    let mut inside = status(&lake, &url);
    inside.env("AWS_CONTAINER_CREDENTIALS_FULL_URI", format!("{container}/role"));
    expect_login(inside.env("AWS_CONTAINER_AUTHORIZATION_TOKEN", "of the container"));
    assert!(requests.lock().unwrap()[0].to_lowercase().contains("authorization: of the container"));

    let roles = "GET /latest/meta-data/iam/security-credentials/ ";
    let role = "GET /latest/meta-data/iam/security-credentials/lake ";
    let answers = vec![("PUT /latest/api/token", "t".to_owned()), (roles, "lake\n".to_owned()), (role, json)];
    let (instance, requests) = service(answers);
    let mut on_instance = status(&lake, &url);
    on_instance.env("AWS_EC2_METADATA_DISABLED", "").env("AWS_EC2_METADATA_SERVICE_ENDPOINT", &instance);
    expect_login(&mut on_instance);
    assert_eq!(requests.lock().unwrap().len(), 3);
}
