use lake_catalog::{Access, Alteration, Catalog, PrimitiveType, Store, TableChange, TableName};

use super::{NEXT, publish, rows, two_months};
use crate::support::RUN;

#[test]
fn columns_are_again_those_of_the_query_after_another_writer_changed_them() {
    let lake = two_months();
    publish(&lake, RUN);
    let describe = "SELECT column_name || ' ' || column_type FROM (DESCRIBE gold.style_trend)";
    let declared = rows(&lake, describe, &[]);
    let store = Store::Sqlite(lake.path("_meta/catalog.sqlite"));
    let root = std::fs::canonicalize(lake.root()).unwrap();
    let mut catalog = Catalog::open(&store, &root, Access::Write).unwrap();
    let table = catalog.load(&TableName::new("gold", "style_trend")).unwrap();
    let mut change = TableChange::of(&table);
    let changes =
        [Alteration::Drop("share_change".to_owned()), Alteration::Add("remark".to_owned(), PrimitiveType::String)];
    change.alter(&changes).unwrap();
    catalog.commit(vec![change], Catalog::next_time([&table])).unwrap();
    assert!(rows(&lake, describe, &[]).contains(&"remark VARCHAR".to_owned()));

    publish(&lake, NEXT);
    assert_eq!(rows(&lake, describe, &[]), declared);
    assert_ne!(rows(&lake, "SELECT count(share_change) FROM gold.style_trend", &[]), ["0"]);
    assert_ne!(rows(&lake, "SELECT count(share_change) FROM gold.style_trend", &["--as-of", "2026-11"]), ["0"]);
}
