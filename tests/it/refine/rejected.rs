use super::{INVENTORY, Shop, counts};
use crate::support::{RUN, sealed_lake};

#[test]
fn rejected_rows_are_kept_with_column_and_reason() {
    let shop = Shop::new();
    shop.came("1,$5.00,02/11/2026,NM\n2,cheap,02/11/2026,-\n3,-1,2026,Mint\n,1,,\n5,,,\n");
    let result = shop.refined(&INVENTORY.replace("0.5", "0.6"));
    assert_eq!(counts(&result), [5, 2, 0, 0, 3, 0]);
    assert_eq!(shop.inventory(), ["1,5.00,2026-11-02,NM", "5,,,"]);
    assert_eq!(
        shop.rejected(),
        [
            "grade,not accepted,Mint,3",
            "id,no value,,4",
            "listed,no date in the format %d/%m/%Y,2026,3",
            "price,below 0,-1,3",
            "price,\"no decimal(9,2)\",cheap,2",
        ]
    );
    let row = shop.rows("SELECT source_row ->> 'Price', source_file FROM mine.inventory_rejected WHERE position = 2");
    assert_eq!(row, ["cheap,inventory.csv"]);
    let reasons = result["rejected"].as_array().unwrap();
    assert!(reasons.contains(&serde_json::json!({"column": "price", "reason": "below 0", "rows": 1})), "{result}");
    let metrics = shop.0.beside("lake.prom");
    shop.0.call("export-metrics", &["--to", metrics.to_str().unwrap()]).run().expect_status(0);
    let metrics = std::fs::read_to_string(metrics).unwrap();
    assert!(metrics.contains("storage_rejected_rows{layer=\"mine\",table=\"inventory\"} 3\n"), "{metrics}");
    // The texts stay beside the values.
    let sources =
        "SELECT price, price_source, grade, grade_source, source_file, position FROM mine.inventory WHERE id = 1";
    assert_eq!(shop.rows(sources), ["5.00,$5.00,NM,NM,inventory.csv,1"]);
}

#[test]
fn more_rejected_rows_than_their_share_end_with_3_and_commit_nothing() {
    let shop = Shop::new();
    shop.came("1,1,,\n2,x,,\n3,y,,\n4,z,,\n");
    let before = shop.0.snapshot();
    let refused = shop.refine(INVENTORY, &[]).expect_status(3);
    assert_eq!(refused.json()["error"]["class"], "checks_failed");
    refused
        .expect_stderr("3 of 4 rows are rejected, more than the share 0.5")
        .expect_stderr("price: no decimal(9,2): 3 rows");
    before.expect_unchanged(&shop.0.root());
    // A larger share changes no row, so it is no other declaration.
    let allowed = INVENTORY.replace("0.5", "0.75");
    assert_eq!(counts(&shop.refined(&allowed)), [4, 1, 0, 0, 3, 0]);
    assert_eq!(shop.refined(INVENTORY)["status"], "already_done");
}

#[test]
fn values_are_compared_with_tables_of_the_published_run() {
    let (lake, _) = sealed_lake();
    let shop = Shop(lake);
    let declaration = INVENTORY.replace("type: bigint}", "type: bigint, references: releases_v6.release_id}");
    shop.append("inventory", "early.csv", "id,Price,Listed,Grade\n1,1,,\n", &[]).expect_status(0);
    shop.refine(&declaration, &[]).expect_status(2).expect_one_line(&["nothing is published"]);
    shop.0.promote(RUN).expect_status(0);
    let known = shop.rows("SELECT release_id FROM releases_v6 ORDER BY release_id DESC LIMIT 2");
    shop.came(&format!("{},1,,\n{},2,,\n999999999,3,,\n", known[0], known[1]));
    let result = shop.refined(&declaration);
    assert_eq!(counts(&result)[1..5], [3, 0, 0, 1], "{result}");
    assert_eq!(shop.rejected(), ["id,not in releases_v6.release_id,999999999,3"]);
    let joined = shop.rows("SELECT count(*) FROM mine.inventory AS i JOIN releases_v6 AS r ON r.release_id = i.id");
    assert_eq!(joined, ["3"]);
}

/// The mistakes within a declaration are those of a test beside it; here each ends with 2 and one line.
#[test]
fn a_mistake_in_a_declaration_is_one_line_with_file_and_line() {
    let shop = Shop::new();
    shop.came("1,1,,\n");
    let before = shop.0.snapshot();
    for (from, to, parts) in [
        ("mine.inventory", "gold.inventory", &["shop.yml:2:9: gold holds"][..]),
        ("type: bigint", "type: money", &["shop.yml:6:", "money"]),
        ("key: [id]", "keys: [id]", &["shop.yml:", "keys"]),
        ("key: [id]", "key: [ident]", &["shop.yml:3:7: ident is no column"]),
        ("from: Price", "from: Prize", &["column price: bronze.mine_inventory has no column \"Prize\"", "optional"]),
        ("mine_inventory", "mine_stock", &["there is no table bronze.mine_stock", "append-bronze"]),
    ] {
        let wrong = INVENTORY.replacen(from, to, 1);
        shop.refine(&wrong, &[]).expect_status(2).expect_one_line(&[&["shop.yml"], parts].concat());
    }
    let missing = ["--declaration", "missing.yml"];
    shop.0.call("refine-table", &missing).run().expect_status(5).expect_one_line(&["missing.yml"]);
    before.expect_unchanged(&shop.0.root());
}
