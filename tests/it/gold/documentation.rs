use std::path::Path;

use discogs_lakehouse::gold::document;

use super::two_months;
use crate::own::run_page;
use crate::support::RUN;

/// `UPDATE_DOCS=1` writes the page instead of comparing it.
#[test]
fn the_page_of_the_tables_is_what_their_headers_say() {
    let page = Path::new(env!("CARGO_MANIFEST_DIR")).join("docs/gold-tables.md");
    let document = document().unwrap();
    if std::env::var_os("UPDATE_DOCS").is_some() {
        std::fs::write(&page, &document).unwrap();
    }
    let written = std::fs::read_to_string(&page).unwrap_or_default();
    assert!(
        written == document,
        "docs/gold-tables.md is not what sql/gold says; run UPDATE_DOCS=1 scripts/test documentation"
    );
}

#[test]
fn every_command_of_the_page_runs() {
    let lake = two_months();
    lake.call("stage-tables", &["--run-id", RUN]).run().expect_status(0);
    lake.promote(RUN).expect_status(0);
    let output = run_page(include_str!("../../../docs/layers.md"), &lake);
    assert!(output.contains("\"status\":\"done\"") && output.contains("already_done"), "{output}");
}
