//! `download-dumps` against a server that plays the site, and `preflight` against what it fetched.

mod disk;
mod failures;
mod listing;
mod month;
mod objects;
mod site;
mod transfers;
mod verified;

use std::collections::BTreeMap;
use std::fs;
use std::path::PathBuf;

use sha2::{Digest, Sha256};

use crate::support::{Dir, TestCommand};
use site::Site;

const ENTITIES: [&str; 4] = ["artists", "labels", "masters", "releases"];

/// Bytes that begin as gzip does and have no further meaning: no test inflates them.
fn content(seed: &str, bytes: usize) -> Vec<u8> {
    let mut content = vec![0x1f, 0x8b, 8];
    let mut block = Sha256::digest(seed.as_bytes());
    while content.len() < bytes {
        content.extend_from_slice(&block);
        block = Sha256::digest(block);
    }
    content.truncate(bytes);
    content
}

fn sha256(bytes: &[u8]) -> String {
    Sha256::digest(bytes).iter().map(|byte| format!("{byte:02x}")).collect()
}

fn dump(date: &str, entity: &str) -> String {
    format!("discogs_{date}_{entity}.xml.gz")
}

fn checksum(date: &str) -> String {
    format!("discogs_{date}_CHECKSUM.txt")
}

/// The dumps of a date and their CHECKSUM file, put on a site.
fn publish(site: &Site, date: &str, bytes: usize) -> BTreeMap<String, Vec<u8>> {
    let mut files: BTreeMap<String, Vec<u8>> =
        ENTITIES.iter().map(|entity| dump(date, entity)).map(|name| (name.clone(), content(&name, bytes))).collect();
    let lines: Vec<_> = files.iter().rev().map(|(name, bytes)| format!("{} {name}\n", sha256(bytes))).collect();
    files.insert(checksum(date), lines.concat().into_bytes());
    for (name, bytes) in &files {
        site.file(name, bytes);
    }
    files
}

/// A folder, a site with the dumps of 2026-07-01, and what they are.
struct Setting {
    dir: Dir,
    site: Site,
    files: BTreeMap<String, Vec<u8>>,
}

impl Setting {
    fn new() -> Self {
        Setting::with_bytes(200_000)
    }

    fn with_bytes(bytes: usize) -> Self {
        let (dir, site) = (Dir::new(), Site::new());
        let files = publish(&site, "20260701", bytes);
        Setting { dir, site, files }
    }

    /// The task with waits that a test can afford.
    fn task(&self, arguments: &[&str]) -> TestCommand {
        let mut command = self.dir.command(env!("CARGO_BIN_EXE_download-dumps"));
        for name in ["http_proxy", "https_proxy", "all_proxy", "HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY", "NO_PROXY"] {
            command.env(name, "");
        }
        command.env("SSL_CERT_FILE", "");
        // Parameters as the environment gives them: a flag of the test beats them.
        command
            .env("DISCOGS_BASE_URL", &self.site.base_url)
            .env("DISCOGS_FIRST_WAIT", "10ms")
            .env("DISCOGS_MAX_WAIT", "30s");
        command.args(arguments);
        command
    }

    fn download(&self, arguments: &[&str]) -> TestCommand {
        let mut command = self.task(&["--do-download", "--raw-root", "raw", "--dump-month", "2026-07"]);
        command.args(arguments);
        command
    }

    fn preflight(&self) -> TestCommand {
        let mut command = self.dir.command(env!("CARGO_BIN_EXE_preflight"));
        command.args(&["--lake", "lake", "--raw-root", "raw", "--dump-month", "2026-07", "--min-free", "0"]);
        command.args(&["--session-time", "2026-07-10T00:00:00Z"]);
        command
    }

    fn path(&self, name: &str) -> PathBuf {
        self.dir.path("raw/2026-07").join(name)
    }

    /// The files of the month that a person sees.
    fn there(&self) -> BTreeMap<String, Vec<u8>> {
        let mut there = BTreeMap::new();
        for entry in fs::read_dir(self.path("")).into_iter().flatten().map(Result::unwrap) {
            let name = entry.file_name().into_string().unwrap();
            if !name.starts_with('.') {
                there.insert(name, fs::read(entry.path()).unwrap());
            }
        }
        there
    }

    /// Parts of files.
    fn parts(&self) -> Vec<String> {
        let entries = fs::read_dir(self.path("")).into_iter().flatten().map(Result::unwrap);
        entries.map(|entry| entry.file_name().into_string().unwrap()).filter(|name| name.ends_with(".part")).collect()
    }
}
