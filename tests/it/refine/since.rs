use super::{INVENTORY, Shop, counts};

#[test]
fn only_rows_that_came_since_are_refined() {
    let shop = Shop::new();
    shop.came("1,1,,NM\n2,2,,x\n3,3,,\n");
    assert_eq!(counts(&shop.refined(INVENTORY)), [3, 2, 0, 0, 1, 0]);
    let before = shop.0.snapshot();
    assert_eq!(shop.refined(INVENTORY)["status"], "already_done");
    assert_eq!(shop.refined(&format!("# a comment\n{INVENTORY}"))["status"], "already_done");
    before.expect_unchanged(&shop.0.root());
    // One row changes, one is the same, one is new, and one of the rejected ones was corrected.
    shop.came("1,5,,NM\n3,3,,\n4,4,,M\n2,2,,VG\n9,9,,y\n");
    assert_eq!(counts(&shop.refined(INVENTORY)), [5, 2, 1, 1, 1, 0]);
    assert_eq!(shop.inventory(), ["1,5.00,,NM", "2,2.00,,VG", "3,3.00,,", "4,4.00,,M"]);
    assert_eq!(shop.rejected().len(), 2);
    let metadata = shop.metadata("inventory");
    let summaries = metadata["snapshots"].as_array().unwrap().iter().map(|snapshot| &snapshot["summary"]);
    let sources: Vec<_> = summaries.map(|summary| summary["discogs.source-snapshot-id"].as_str().unwrap()).collect();
    assert!(sources.len() == 2 && sources[0] != sources[1], "{sources:?}");
    assert_eq!(metadata["snapshots"][1]["summary"]["discogs.source-table"], "bronze.mine_inventory");
    assert_eq!(metadata["snapshots"][1]["summary"]["discogs.rows-rejected"], "1");
}

#[test]
fn a_changed_declaration_refines_all_rows_again() {
    let shop = Shop::new();
    shop.came("1,1.25,,NM\n2,2,,x\n");
    shop.came("3,3,02/11/2026,VG\n");
    shop.refined(INVENTORY);
    assert_eq!(shop.rejected().len(), 1);
    let changed = INVENTORY.replace("decimal(9,2)", "double").replace("[M, NM, VG]", "[M, NM, VG, x]");
    let result = shop.refined(&changed);
    assert_eq!((result["whole"].as_bool(), counts(&result)[0], counts(&result)[4]), (Some(true), 3, 0));
    assert_eq!(shop.inventory(), ["1,1.25,,NM", "2,2.0,,x", "3,3.0,2026-11-02,VG"]);
    assert_eq!(shop.rejected(), Vec::<String>::new());
    assert_eq!(shop.refined(&changed)["status"], "already_done");
}

#[test]
fn a_rollback_of_the_table_refines_what_it_lost_again() {
    let shop = Shop::new();
    shop.came("1,1,,\n");
    shop.refined(INVENTORY);
    let history = shop.0.call("table-history", &["--table", "mine.inventory"]).run().expect_status(0).json();
    let first = history["snapshots"][0]["snapshot_id"].as_str().unwrap().to_owned();
    shop.came("2,2,,\n");
    shop.refined(INVENTORY);
    shop.0.call("rollback-table", &["--table", "mine.inventory", "--to", &first]).run().expect_status(0);
    assert_eq!(shop.inventory(), ["1,1.00,,"]);
    assert_eq!(counts(&shop.refined(INVENTORY))[..2], [1, 1]);
    assert_eq!(shop.inventory(), ["1,1.00,,", "2,2.00,,"]);
}

#[test]
fn of_several_rows_of_a_key_the_last_appended_or_the_largest_stays() {
    let shop = Shop::new();
    shop.came("1,1,02/11/2026,\n1,2,01/11/2026,\n2,5,05/11/2026,\n");
    assert_eq!(counts(&shop.refined(INVENTORY)), [3, 2, 0, 0, 0, 1]);
    assert_eq!(shop.inventory(), ["1,2.00,2026-11-01,", "2,5.00,2026-11-05,"]);
    let by_day = INVENTORY
        .replace("mine.inventory", "mine.by_day")
        .replace("key: [id]", "key: [id]\ndedupe: {order_by: listed}");
    let of_day = || shop.rows("SELECT id, price, listed FROM mine.by_day ORDER BY id");
    shop.refined(&by_day);
    assert_eq!(of_day(), ["1,1.00,2026-11-02", "2,5.00,2026-11-05"]);
    // A row that comes later with an earlier day does not replace the one in the table.
    shop.came("1,9,03/11/2026,\n2,9,04/11/2026,\n");
    assert_eq!(counts(&shop.refined(&by_day)), [2, 0, 1, 1, 0, 0]);
    assert_eq!(of_day(), ["1,9.00,2026-11-03", "2,5.00,2026-11-05"]);
    let by_grade =
        INVENTORY.replace("mine.inventory", "mine.by_grade").replace("key: [id]", "key: [id]\ndedupe: {keys: [grade]}");
    shop.came("11,1,,M\n12,2,,M\n13,3,,\n14,4,,\n");
    shop.refined(&by_grade);
    let grades = shop.rows("SELECT id, grade FROM mine.by_grade WHERE id > 10 ORDER BY id");
    assert_eq!(grades, ["12,M", "13,", "14,"]);
}

#[test]
fn a_column_that_a_later_file_brings_is_kept_as_it_came() {
    let shop = Shop::new();
    shop.came("1,1,,\n");
    shop.refined(INVENTORY);
    shop.append("inventory", "b.csv", "id,Price,Listed,Grade,Shelf Place\n2,2,,,A1\n", &[]).expect_status(0);
    shop.refined(INVENTORY);
    assert_eq!(shop.rows("SELECT id, shelf_place_source FROM mine.inventory ORDER BY id"), ["1,", "2,A1"]);
}

#[test]
fn rows_that_were_compacted_are_no_new_ones() {
    let shop = Shop::new();
    for id in 1..=3 {
        shop.came(&format!("{id},{id},,\n{id}{id},x,,\n"));
    }
    shop.refined(INVENTORY);
    let compact = ["--tables", "bronze.mine_inventory", "--dry-run=false"];
    let compacted = shop.0.call("maintain-tables", &compact).run().expect_status(0).json();
    assert_eq!(compacted["upkeep"][0]["rewritten_files"], 3, "{compacted}");
    assert_eq!(counts(&shop.refined(INVENTORY)), [0; 6]);
    assert_eq!(shop.refined(INVENTORY)["status"], "already_done");
    shop.came("4,4,,\n");
    assert_eq!(counts(&shop.refined(INVENTORY))[..2], [1, 1]);
    assert_eq!(shop.rejected().len(), 3);
}

#[test]
fn two_refinements_at_once_leave_each_row_once() {
    let shop = Shop::new();
    for round in 1..=3 {
        shop.came(&format!("{round}1,1,,\n{round}2,x,,\n"));
        let file = shop.0.write("shop.yml", INVENTORY);
        let both = [0, 1].map(|_| shop.0.call("refine-table", &["--declaration", file.to_str().unwrap()]).spawn());
        for child in both {
            let finished = crate::support::Finished::of(child.wait_with_output().unwrap());
            assert_eq!(finished.status, Some(0), "{}", finished.stderr);
        }
        assert_eq!(shop.inventory().len(), round);
        assert_eq!(shop.rejected().len(), round);
        assert_eq!(shop.snapshots("mine.inventory"), round);
        assert_eq!(shop.snapshots("mine.inventory_rejected"), round);
    }
}

#[test]
fn a_dry_run_counts_and_changes_nothing() {
    let shop = Shop::new();
    shop.came("1,1,,\n2,x,,\n");
    let before = shop.0.snapshot();
    let result = shop.refine(INVENTORY, &["--dry-run=true"]).expect_status(0).json();
    assert_eq!((result["status"].as_str(), counts(&result)), (Some("skipped"), [2, 1, 0, 0, 1, 0]));
    before.expect_unchanged(&shop.0.root());
}
