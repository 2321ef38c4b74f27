//! The commands of docs/refine.md run.

use super::Shop;
use crate::own::run_page;
use crate::support::{RUN, sealed_lake};

#[test]
fn every_command_of_the_page_runs() {
    let (lake, _) = sealed_lake();
    lake.promote(RUN).expect_status(0);
    let shop = Shop(lake);
    let output = run_page(include_str!("../../../docs/refine.md"), &shop.0);
    assert!(output.contains("already_done") && output.contains("price: no decimal(12,2): 1 rows"), "{output}");
}
