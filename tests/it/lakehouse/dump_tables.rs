//! The six tables of the dumps: row for row, column for column, as the pipelines before this one wrote them.

use super::expected::{PublishedMonth, on_each_month, published};
use crate::support::{Row, Table, Value};

/// Our table with the columns of the expected one, which come first and in its order.
fn as_expected(ours: &Table, expected: &Table) -> Vec<Row> {
    let width = expected.columns.len();
    assert_eq!(ours.columns[..width], expected.columns, "{}", ours.name);
    ours.rows.iter().map(|row| row[..width].to_vec()).collect()
}

#[track_caller]
fn expect_equal(month: &PublishedMonth, table: &str) {
    let (ours, expected) = (month.active(table), month.expected(table));
    expect_rows(month, &as_expected(&ours, &expected), &expected);
}

#[track_caller]
fn expect_rows(month: &PublishedMonth, rows: &[Row], expected: &Table) {
    for (number, (ours, theirs)) in rows.iter().zip(&expected.rows).enumerate() {
        assert_eq!(ours, theirs, "{} row {number} of {}", expected.name, month.month);
    }
    assert_eq!(rows.len(), expected.rows.len(), "{} of {}", expected.name, month.month);
}

#[test]
fn artists_are_as_they_were() {
    on_each_month(|month| expect_equal(month, "artists_v1_typed"));
}

#[test]
fn aliases_are_as_they_were() {
    on_each_month(|month| expect_equal(month, "artist_aliases_v1_typed"));
}

#[test]
fn labels_are_as_they_were() {
    on_each_month(|month| expect_equal(month, "labels_v10"));
}

#[test]
fn masters_are_as_they_were() {
    on_each_month(|month| expect_equal(month, "masters_v1_typed"));
}

#[test]
fn memberships_are_as_they_were() {
    on_each_month(|month| match month.month {
        "2017-04" => {}
        _ => expect_equal(month, "artist_memberships_v1_typed"),
    });
}

/// The pipelines before this one did not read the ids of the old layout, and dropped every membership.
#[test]
fn memberships_of_the_old_layout_are_there_with_their_ids() {
    let Some(month) = published().iter().find(|month| month.month == "2017-04") else { return };
    assert_eq!(month.expected("artist_memberships_v1_typed").rows.len(), 0);
    let ours = month.active("artist_memberships_v1_typed");
    assert_eq!(ours.columns, month.expected("artist_memberships_v1_typed").columns);
    assert_eq!(ours.rows.len(), 25);
    for row in &ours.rows {
        assert!(matches!(row[..], [Value::Int(_), Value::Text(_), Value::Int(_), Value::Text(_)]), "{row:?}");
    }
}

/// Two errors of the published tables: the attribute `status` was not read, and a value that was missing became the text `nan`.
#[test]
fn releases_are_as_they_were_but_for_status_and_nan() {
    on_each_month(|month| {
        let (ours, mut expected) = (month.active("releases_v6"), month.expected("releases_v6"));
        let mut rows = as_expected(&ours, &expected);
        let status = expected.columns.iter().position(|column| column == "status").unwrap();
        for (ours, theirs) in rows.iter_mut().zip(&mut expected.rows) {
            assert_eq!(theirs[status], Value::Null);
            assert!(matches!(&ours[status], Value::Text(text) if text == "Accepted"), "{ours:?}");
            ours[status] = Value::Null;
            for (ours, theirs) in ours.iter().zip(theirs) {
                if *theirs == Value::Text("nan".to_owned()) && *ours == Value::Null {
                    *theirs = Value::Null;
                }
            }
        }
        expect_rows(month, &rows, &expected);
    });
}
