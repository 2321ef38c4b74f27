//! `aggregate-table`: what it computes is what SQL computes, all at once, and again only if the source has changed.

use serde_json::Value;

use super::Own;

const SALES: &str = "id,sold,label,price,copies\n\
    1,2026-01-05,Warp,9.50,1\n2,2026-01-31,Warp,10.25,2\n3,2026-02-01,Warp,,3\n\
    4,2026-02-01,Ninja Tune,20,\n5,,Ninja Tune,1.01,5\n6,2026-02-02,,7.00,6\n";

const BY: [&str; 4] =
    ["--by", "month(sold),label", "--agg", "revenue=sum:price,orders=count,mean=avg:copies,last=max:sold"];

fn sales() -> Own {
    let own = Own::new();
    own.done(SALES, &["--key", "id", "--declare", "price=decimal(9,2)"]);
    own
}

fn aggregate(own: &Own, arguments: &[&str]) -> crate::support::Finished {
    let tables = ["--from", "mine.inventory", "--table", "mine.by_month"];
    own.0.call("aggregate-table", &[&tables[..], arguments].concat()).run()
}

#[track_caller]
fn done(own: &Own, arguments: &[&str]) -> Value {
    aggregate(own, arguments).expect_status(0).json()
}

const ROWS: &str = "FROM mine.by_month ORDER BY ALL";

#[test]
fn groups_are_those_that_sql_computes() {
    let own = sales();
    let tried = done(&own, &[&BY[..], &["--dry-run", "true"]].concat());
    assert_eq!((&tried["status"], &tried["metrics"]["rows"]), (&"skipped".into(), &5.into()), "{tried}");
    assert_eq!(done(&own, &BY)["status"], "done");
    let expected = "SELECT date_trunc('month', sold)::DATE AS month, label, sum(price) AS revenue, count(*) AS orders,
        avg(copies) AS mean, max(sold) AS last FROM mine.inventory GROUP BY ALL ORDER BY ALL";
    assert_eq!(own.rows(ROWS, &[]), own.rows(expected, &[]));
    assert_eq!(own.rows(ROWS, &[])[0], "2026-01-01,Warp,19.75,2,1.5,2026-01-31");
    let types = own.rows("SELECT column_type FROM (DESCRIBE mine.by_month)", &[]);
    assert_eq!(types, ["DATE", "VARCHAR", "\"DECIMAL(38,2)\"", "BIGINT", "DOUBLE", "DATE"]);
    for unit in ["day", "week", "quarter", "year"] {
        let by = format!("period={unit}(sold)");
        done(&own, &["--by", &by, "--agg", "n=count,labels=count_distinct:label,few=min:copies,priced=count:price"]);
        let expected = format!(
            "SELECT date_trunc('{unit}', sold)::DATE AS period, count(*), count(DISTINCT label), min(copies), count(price)
             FROM mine.inventory GROUP BY ALL ORDER BY ALL"
        );
        assert_eq!(own.rows(ROWS, &[]), own.rows(&expected, &[]), "{unit}");
    }
}

#[test]
fn it_is_computed_again_only_if_its_source_or_its_definition_has_changed() {
    let own = sales();
    done(&own, &BY);
    let before = own.0.snapshot();
    assert_eq!(done(&own, &BY)["status"], "already_done");
    before.expect_unchanged(&own.0.root());
    own.done("id,sold,label,price,copies\n7,2026-01-06,Warp,0.25,1\n2,2026-03-31,Warp,10.25,2\n", &[]);
    assert_eq!(done(&own, &BY)["metrics"]["rows"], 6);
    assert_eq!(own.rows("SELECT revenue FROM mine.by_month WHERE month = DATE '2026-01-01'", &[]), ["9.75"]);
    // Columns come and go with the definition, and the state before it is read as it was.
    let history = own.0.call("table-history", &["--table", "mine.by_month"]).run().expect_status(0).json();
    let first = history["snapshots"][0]["snapshot_id"].as_str().unwrap();
    done(&own, &["--by", "label", "--agg", "orders=count"]);
    assert_eq!(own.rows("SELECT column_name FROM (DESCRIBE mine.by_month)", &[]), ["label", "orders"]);
    let then = own.rows("SELECT sum(revenue) FROM mine.by_month", &["--table", "mine.by_month", "--as-of", first]);
    assert_eq!(then, ["47.76"]);
}

#[test]
fn rows_that_trino_deleted_and_an_empty_table_are_grouped_as_they_are_read() {
    let own = sales();
    own.done("id\n1\n2\n3\n4\n5\n6\n", &["--mode", "delete"]);
    done(&own, &BY);
    assert_eq!(own.rows("SELECT count(*) FROM mine.by_month", &[]), ["0"]);
}

#[test]
fn a_wrong_definition_is_one_line_and_changes_nothing() {
    let own = sales();
    let other = own.0.write("other.csv", "id\n1\n");
    let from = ["--table", "mine.by_month", "--key", "id", "--from", other.to_str().unwrap()];
    let before = own.0.snapshot();
    for (by, agg, message) in [
        ("month(sold)", "n=total:price", "n=total:price"),
        ("hour(sold)", "n=count", "hour(sold)"),
        ("month(label)", "n=count", "month(label): the column is varchar, not a day or a time"),
        ("label", "n=sum:label", "n: the column is varchar, not a number"),
        ("label", "n=sum:prize", "table mine.inventory has no column prize"),
        ("colour", "n=count", "table mine.inventory has no column colour"),
        ("label", "label=count", "two columns label"),
        ("label", "N=count", "lower-case"),
    ] {
        let refused = aggregate(&own, &["--by", by, "--agg", agg]).expect_status(2);
        refused.expect_one_line(&["aggregate-table: ", message]);
    }
    before.expect_unchanged(&own.0.root());
    own.0.call("upsert-table", &from).run().expect_status(0);
    aggregate(&own, &BY).expect_status(2).expect_one_line(&["mine.by_month was not made by this task"]);
    let missing = ["--from", "mine.sale", "--table", "mine.by", "--by", "id", "--agg", "n=count"];
    own.0.call("aggregate-table", &missing).run().expect_status(2).expect_one_line(&["no table mine.sale"]);
}

#[test]
fn two_calls_at_once_leave_one_whole_table() {
    let own = &sales();
    std::thread::scope(|scope| {
        for _ in 0..3 {
            scope.spawn(|| {
                aggregate(own, &BY).expect_status(0);
            });
        }
    });
    assert_eq!(own.rows("SELECT sum(revenue), sum(orders) FROM mine.by_month", &[]), ["47.76,6"]);
}
