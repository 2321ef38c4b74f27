use std::io::Write;

/// Says that tests did not run for want of something, past libtest, which keeps what a test prints that succeeds. In CI
/// nothing may be wanting, and it panics.
#[track_caller]
pub fn skipped(what: &str) {
    loudly(&format!("SKIPPED: {what}"));
    assert!(std::env::var_os("CI").is_none(), "in CI it has to be there: {what}");
}

/// A line on stderr that is seen though the test succeeds.
pub fn loudly(line: &str) {
    let _ = writeln!(std::io::stderr(), "{line}");
}
