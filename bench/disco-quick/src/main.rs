//! Parses every record of a dump into a struct and counts the records, like disco-quick's own `count` example.

use std::process::ExitCode;

use disco_quick::DiscogsReader;

fn main() -> ExitCode {
    let Some(path) = std::env::args_os().nth(1) else {
        eprintln!("usage: bench-disco-quick DUMP");
        return ExitCode::from(2);
    };
    let count = match DiscogsReader::from_path(&path) {
        Ok(DiscogsReader::Artists(artists)) => artists.count(),
        Ok(DiscogsReader::Labels(labels)) => labels.count(),
        Ok(DiscogsReader::Masters(masters)) => masters.count(),
        Ok(DiscogsReader::Releases(releases)) => releases.count(),
        Err(error) => {
            eprintln!("{error}");
            return ExitCode::FAILURE;
        }
    };
    println!("{count}");
    ExitCode::SUCCESS
}
