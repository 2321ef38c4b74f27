use super::{Own, counts};

#[test]
fn names_are_plain_and_types_are_those_of_all_values() {
    let own = Own::new();
    let text = "ID,Barcode,Price,Listed,Seen,Zoned,Open,Weight,Order,Order,\n\
        1,0724,9.99,2026-01-02,2026-01-02 03:04,2026-01-02T03:04:05-08:00,true,1.5e3,a,b,c\n\
        2,7,12,2026-02-28,2026-01-02T03:04:05.25,2026-01-02 03:04:05Z,FALSE,2,,,\n";
    own.done(text, &["--key", "ID"]);
    let described = own.rows("SELECT column_name, column_type FROM (DESCRIBE mine.inventory)", &[]);
    let expected = [
        "id,BIGINT",
        "barcode,VARCHAR",
        "price,\"DECIMAL(18,2)\"",
        "listed,DATE",
        "seen,TIMESTAMP",
        "zoned,TIMESTAMP WITH TIME ZONE",
        "open,BOOLEAN",
        "weight,DOUBLE",
        "order_,VARCHAR",
        "order__2,VARCHAR",
        "column_11,VARCHAR",
    ];
    assert_eq!(described, expected);
    let row = own.rows("SELECT barcode, epoch(zoned), open, weight, column_11 FROM mine.inventory WHERE id = 1", &[]);
    assert_eq!(row, ["0724,1767351845.0,true,1500.0,c"]);
}

#[test]
fn types_are_widened_where_iceberg_can_and_rewritten_where_it_is_told_to() {
    let own = Own::new();
    own.done("id,n,price\n1,5,1.50\n", &["--key", "id", "--declare", "id=integer,n=integer,price=decimal(4,2)"]);
    let result = own.done("id,n,price\n2,3000000000,123456.25\n", &[]);
    assert_eq!(result["columns_widened"], serde_json::json!(["n", "price"]));
    let refused = own.upsert("id,n,price\n3,1,1\n4,1.5,2\n", &[]).expect_status(5);
    refused
        .expect_one_line(&["row 2, column n: \"1.5\" is no bigint", "--declare 'n=decimal(19,1)' --rewrite=true"])
        .expect_stderr("--declare n=varchar --rewrite=true");
    own.upsert("id,n,price\n4,1.5,2\n", &["--declare", "n=decimal(19,1)"]).expect_status(2).expect_stderr("--rewrite");
    let before = own.rows("SELECT count(*) FROM mine.inventory", &[]);
    assert_eq!(before, ["2"], "nothing was written");
    let result = own.done("id,n,price\n4,1.5,2\n", &["--declare", "n=decimal(19,1)", "--rewrite"]);
    assert_eq!((&result["columns_rewritten"], counts(&result)), (&serde_json::json!(["n"]), [1, 0, 0, 0, 0]));
    assert_eq!(own.inventory(), ["1,5.0,1.50", "2,3000000000.0,123456.25", "4,1.5,2.00"]);
    own.done("id,n,price\n5,many,2\n", &["--declare", "n=varchar", "--rewrite"]);
    assert_eq!(own.rows("SELECT n FROM mine.inventory ORDER BY id", &[]), ["5.0", "3000000000.0", "1.5", "many"]);
    own.upsert("id,n,price\n6,x,2\n", &["--declare", "n=bigint", "--rewrite"]).expect_status(5).expect_stderr("row 1");
    own.upsert("id,n,price\n6,1,2\n", &["--declare", "n=bigint", "--rewrite"]).expect_status(5).expect_stderr("many");
}

#[test]
fn new_columns_are_added_and_missing_ones_kept_if_the_input_is_partial() {
    let own = Own::new();
    own.done("id,title,price\n1,A,1\n2,B,2\n", &["--key", "id"]);
    own.upsert("id,price\n1,3\n", &[]).expect_status(5).expect_one_line(&["lacks the columns title", "--partial=true"]);
    let result = own.done("id,price,grade\n1,3,NM\n3,4,VG\n", &["--partial"]);
    assert_eq!((&result["columns_added"], counts(&result)), (&serde_json::json!(["grade"]), [1, 1, 0, 0, 0]));
    assert_eq!(own.inventory(), ["1,A,3,NM", "2,B,2,", "3,,4,VG"]);
}

#[test]
fn partitions_and_order_change_later_without_a_rewrite() {
    let own = Own::new();
    own.done("id,day\n1,2026-01-01\n2,2026-02-01\n", &["--key", "id"]);
    let alter =
        |arguments: &[&str]| own.0.call("alter-table", &[&["--table", "mine.inventory"], arguments].concat()).run();
    alter(&["--partition", "month(day)", "--sort", "day desc"]).expect_status(0);
    alter(&["--partition", "month(id)"]).expect_status(2).expect_stderr("column id: no partition of this kind");
    alter(&["--sort", "nothing"]).expect_status(2).expect_stderr("no such column");
    alter(&[]).expect_status(2).expect_stderr("partition and sort are missing");
    let result = own.done("id,day\n3,2026-03-01\n4,2026-04-01\n", &[]);
    assert_eq!(result["metrics"]["files_written"], 2, "{result}");
    assert_eq!(result["metrics"]["files_kept"], 1, "{result}");
    assert_eq!(counts(&own.done("id,day\n1,2026-03-02\n", &[])), [0, 1, 0, 0, 0]);
    alter(&["--partition", "none", "--sort", "none"]).expect_status(0);
    own.done("id,day\n4,2026-05-01\n", &[]);
    assert_eq!(own.inventory(), ["1,2026-03-02", "2,2026-02-01", "3,2026-03-01", "4,2026-05-01"]);
}
