//! Inflates a gzip file and discards the text: the lower bound for reading a dump, which scripts/bench divides by.
//!
//! Uses ingest's inflater (flate2 over zlib-rs, SIMD detected at run time) and buffer size, on one thread.

use std::fs::File;
use std::io::{self, BufReader, Read, Write};
use std::process::ExitCode;

use flate2::bufread::MultiGzDecoder;

fn inflate(path: &std::ffi::OsStr) -> io::Result<u64> {
    let mut inflate = MultiGzDecoder::new(BufReader::with_capacity(1 << 20, File::open(path)?));
    let mut buffer = vec![0; 1 << 20];
    let mut bytes = 0;
    loop {
        match inflate.read(&mut buffer)? {
            0 => return Ok(bytes),
            read => bytes += read as u64,
        }
    }
}

fn main() -> ExitCode {
    let Some(path) = std::env::args_os().nth(1) else {
        let _ = writeln!(io::stderr(), "usage: inflate DUMP.xml.gz");
        return ExitCode::from(2);
    };
    match inflate(&path) {
        Ok(bytes) => {
            let _ = writeln!(io::stdout(), "{bytes}");
            ExitCode::SUCCESS
        }
        Err(error) => {
            let _ = writeln!(io::stderr(), "{}: {error}", path.display());
            ExitCode::FAILURE
        }
    }
}
