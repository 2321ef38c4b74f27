//! Commits of many tables, as a program meets them through the crate.

#![allow(clippy::unwrap_used)]

use std::collections::HashMap;
use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use arrow::array::{ArrayRef, Int32Array, Int64Array, RecordBatch, StringArray};
use arrow::datatypes::{DataType, Field, Schema};
use lake_catalog::{
    Access, Alteration, Catalog, Column, Error, NewSnapshot, NewTable, Place, PrimitiveType, Store, Table, TableChange,
    TableName, data_file,
};
use parquet::arrow::{ArrowWriter, PARQUET_FIELD_ID_META_KEY};
use proptest::prelude::*;
use tempfile::TempDir;

struct Lake {
    folder: TempDir,
}

impl Lake {
    fn new() -> Self {
        Lake { folder: TempDir::new().unwrap() }
    }

    fn root(&self) -> &Path {
        self.folder.path()
    }

    fn store(&self) -> Store {
        Store::Sqlite(self.root().join("catalog.sqlite"))
    }

    fn open(&self) -> Catalog {
        Catalog::open(&self.store(), self.root(), Access::Write).unwrap()
    }

    /// A file of the columns id BIGINT and title VARCHAR, with field ids.
    fn file(&self, name: &str, ids: &[Option<i64>], titles: &[Option<&str>]) -> PathBuf {
        let field = |name: &str, data_type, id: &str| {
            Field::new(name, data_type, true)
                .with_metadata([(PARQUET_FIELD_ID_META_KEY.to_owned(), id.to_owned())].into())
        };
        let columns: Vec<ArrayRef> =
            vec![Arc::new(Int64Array::from(ids.to_vec())), Arc::new(StringArray::from(titles.to_vec()))];
        let schema =
            Arc::new(Schema::new(vec![field("id", DataType::Int64, "1"), field("title", DataType::Utf8, "2")]));
        let path = self.root().join(name);
        let mut writer = ArrowWriter::try_new(File::create(&path).unwrap(), schema.clone(), None).unwrap();
        writer.write(&RecordBatch::try_new(schema, columns).unwrap()).unwrap();
        writer.close().unwrap();
        path
    }
}

fn column(id: i32, name: &str, data_type: PrimitiveType) -> Column {
    Column { id, name: name.to_owned(), data_type, description: None }
}

fn columns() -> Vec<Column> {
    vec![column(1, "id", PrimitiveType::Long), column(2, "title", PrimitiveType::String)]
}

fn new_table(lake: &Lake, name: &str) -> NewTable {
    NewTable {
        name: TableName::new("silver", name),
        folder: lake.root().join("_tables/silver").join(name),
        columns: columns(),
        sorted_by: Some(1),
        properties: HashMap::new(),
    }
}

fn snapshot(change: &mut TableChange, files: &[PathBuf], schema: i32, at: i64) -> i64 {
    let schema_of_files = change.schema_by_id(schema).unwrap();
    let files = files.iter().map(|path| data_file(path, &schema_of_files).unwrap()).collect();
    change.add_snapshot(schema, NewSnapshot { files, properties: HashMap::new(), at }).unwrap()
}

/// Creates tables with one snapshot each, tagged and current.
fn create(lake: &Lake, names: &[&str]) {
    let file = lake.file("first.parquet", &[Some(1), Some(2)], &[Some("a"), None]);
    let at = Catalog::next_time([]);
    let mut catalog = lake.open();
    let session = catalog.session();
    let changes = names.iter().map(|name| {
        let mut change = TableChange::create(&new_table(lake, name), session).unwrap();
        let id = snapshot(&mut change, std::slice::from_ref(&file), 0, at);
        change.set_tag("run_1", id).unwrap();
        change.set_main(id, 0).unwrap();
        change
    });
    catalog.commit(changes.collect(), at).unwrap();
}

fn load(catalog: &mut Catalog, name: &str) -> Table {
    catalog.load(&TableName::new("silver", name)).unwrap()
}

#[test]
fn a_created_table_has_its_files_totals_bounds_and_properties() {
    let lake = Lake::new();
    create(&lake, &["t"]);
    let mut catalog = lake.open();
    let table = load(&mut catalog, "t");
    let main = table.metadata().current_snapshot().unwrap();
    let total = |name: &str| main.summary().additional_properties[name].clone();
    assert_eq!((total("total-records"), total("total-data-files")), ("2".to_owned(), "1".to_owned()));
    assert_eq!(table.ref_id("run_1"), Some(main.snapshot_id()));
    assert_eq!(table.metadata().properties()["gc.enabled"], "false");
    assert_eq!(table.metadata().properties()["read.parquet.vectorization.enabled"], "false");
    assert!(table.metadata().properties()["schema.name-mapping.default"].contains(r#""names":["title"]"#));

    let files = catalog.files(&table, main.snapshot_id()).unwrap();
    assert_eq!((files.len(), files[0].record_count()), (1, 2));
    assert_eq!(files[0].lower_bounds()[&1].to_string(), "1");
    assert_eq!(files[0].upper_bounds()[&1].to_string(), "2");
    assert_eq!((files[0].null_value_counts()[&2], files[0].value_counts()[&2]), (1, 2));
    assert!(files[0].split_offsets().is_some_and(|offsets| offsets == [4]));
}

#[test]
fn a_replaced_snapshot_records_what_it_removed_and_keeps_the_old_one() {
    let lake = Lake::new();
    create(&lake, &["t"]);
    let mut catalog = lake.open();
    let table = load(&mut catalog, "t");
    let before = table.ref_id("main").unwrap();
    let at = Catalog::next_time([&table]);
    let mut change = TableChange::of(&table);
    let id = snapshot(&mut change, &[lake.file("b.parquet", &[Some(9)], &[None])], 0, at);
    change.set_tag("run_2", id).unwrap();
    catalog.commit(vec![change], at).unwrap();

    let staged = load(&mut catalog, "t");
    assert_eq!(staged.ref_id("main"), Some(before), "a tag moves no reader");
    let summary = &staged.snapshot_of("run_2").unwrap().summary().additional_properties;
    for (name, value) in
        [("added-records", "1"), ("deleted-records", "2"), ("deleted-data-files", "1"), ("total-records", "1")]
    {
        assert_eq!(summary[name], value, "{name}");
    }
    assert_eq!(catalog.files(&staged, before).unwrap()[0].record_count(), 2);
    assert_eq!(catalog.files(&staged, id).unwrap()[0].record_count(), 1);
}

#[test]
fn an_empty_snapshot_has_no_files_and_zero_totals() {
    let lake = Lake::new();
    create(&lake, &["t"]);
    let mut catalog = lake.open();
    let table = load(&mut catalog, "t");
    let at = Catalog::next_time([&table]);
    let mut change = TableChange::of(&table);
    let id = snapshot(&mut change, &[], 0, at);
    change.set_main(id, 0).unwrap();
    catalog.commit(vec![change], at).unwrap();
    let table = load(&mut catalog, "t");
    assert!(catalog.files(&table, id).unwrap().is_empty());
    assert_eq!(table.metadata().current_snapshot().unwrap().summary().additional_properties["total-records"], "0");
}

#[test]
fn a_stale_table_at_any_place_stops_the_commit_of_all() {
    let lake = Lake::new();
    let names = ["a", "b", "c", "d"];
    create(&lake, &names);
    let mut catalog = lake.open();
    for stale in names {
        let tables: Vec<_> = names.iter().map(|name| load(&mut catalog, name)).collect();
        let at = Catalog::next_time(&tables);
        let moved = |table: &Table, at| {
            let mut change = TableChange::of(table);
            let id = snapshot(&mut change, &[], 0, at);
            change.set_main(id, 0).unwrap();
            change
        };
        let changes: Vec<_> = tables.iter().map(|table| moved(table, at)).collect();
        let mut other = lake.open();
        let change = moved(&load(&mut other, stale), at);
        other.commit(vec![change], at).unwrap();
        let before: Vec<_> = names.iter().map(|name| load(&mut catalog, name).metadata_location().to_owned()).collect();
        let files = metadata_files(&lake);

        let error = catalog.commit(changes, at + 1).unwrap_err();
        assert!(matches!(&error, Error::Conflict(table) if table.name == stale), "{error}");
        let after: Vec<_> = names.iter().map(|name| load(&mut catalog, name).metadata_location().to_owned()).collect();
        assert_eq!(after, before, "{stale} was stale");
        assert!(metadata_files(&lake) < files, "the files of the refused commit are removed");
    }
}

fn metadata_files(lake: &Lake) -> usize {
    let tables = fs::read_dir(lake.root().join("_tables/silver")).unwrap();
    tables.map(|table| fs::read_dir(table.unwrap().path().join("metadata")).unwrap().count()).sum()
}

#[test]
fn two_creators_of_one_table_conflict() {
    let lake = Lake::new();
    let (mut one, mut two) = (lake.open(), lake.open());
    let changes = [&one, &two].map(|catalog| TableChange::create(&new_table(&lake, "t"), catalog.session()).unwrap());
    let [first, second] = changes;
    one.commit(vec![first], 1).unwrap();
    let error = two.commit(vec![second], 1).unwrap_err();
    assert!(matches!(error, Error::Conflict(_)), "{error}");
}

#[test]
fn all_tables_of_a_commit_have_one_time_even_if_the_clock_went_back() {
    let lake = Lake::new();
    create(&lake, &["a", "b"]);
    let mut catalog = lake.open();
    let future = Catalog::next_time([]) + 86_400_000;
    for at in [future, future + 1] {
        let tables: Vec<_> = ["a", "b"].iter().map(|name| load(&mut catalog, name)).collect();
        if at > future {
            assert_eq!(Catalog::next_time(&tables), at, "the clock is a day behind the last commit");
        }
        let changes = tables.iter().map(|table| {
            let mut change = TableChange::of(table);
            let id = snapshot(&mut change, &[], 0, at);
            change.set_main(id, 0).unwrap();
            change
        });
        catalog.commit(changes.collect(), at).unwrap();
    }
    for name in ["a", "b"] {
        let table = load(&mut catalog, name);
        let log: Vec<_> = table.metadata().history().iter().map(|entry| entry.timestamp_ms()).collect();
        assert_eq!(log[log.len() - 2..], [future, future + 1]);
        assert_eq!(table.snapshot_at(future).unwrap().timestamp_ms(), future);
        assert!(table.snapshot_at(1).is_none());
    }
}

#[test]
fn columns_are_added_renamed_widened_dropped_and_moved_by_their_ids() {
    let lake = Lake::new();
    let mut new = new_table(&lake, "t");
    new.columns = vec![column(1, "id", PrimitiveType::Int), column(2, "title", PrimitiveType::String)];
    let mut catalog = lake.open();
    let created = TableChange::create(&new, catalog.session()).unwrap();
    catalog.commit(vec![created], 1).unwrap();
    let steps = [
        vec![column(1, "id", PrimitiveType::Long), column(2, "title", PrimitiveType::String)],
        vec![column(1, "id", PrimitiveType::Long), column(2, "name", PrimitiveType::String)],
        vec![
            column(3, "year", PrimitiveType::Int),
            column(1, "id", PrimitiveType::Long),
            column(2, "name", PrimitiveType::String),
        ],
        vec![column(3, "year", PrimitiveType::Int), column(2, "name", PrimitiveType::String)],
    ];
    for (number, columns) in (1..).zip(&steps) {
        let table = load(&mut catalog, "t");
        let mut change = TableChange::of(&table);
        assert_eq!(change.schema(columns).unwrap(), number);
        change.set_current_schema(number).unwrap();
        catalog.commit(vec![change], 1 + i64::from(number)).unwrap();
    }
    let table = load(&mut catalog, "t");
    assert!(table.metadata().properties()["schema.name-mapping.default"].contains(r#""names":["name","title"]"#));
    assert_eq!(TableChange::of(&table).schema(&steps[1]).unwrap(), 2, "an old schema is found again");
    for (columns, wrong) in [
        (vec![column(2, "name", PrimitiveType::Long)], "string cannot become long"),
        (vec![column(1, "id", PrimitiveType::Int), column(9, "x", PrimitiveType::Int)], "long cannot become int"),
        (vec![column(3, "year", PrimitiveType::Date)], "int cannot become date"),
    ] {
        let error = TableChange::of(&table).schema(&columns).unwrap_err().to_string();
        assert!(error.contains(wrong) && error.starts_with("table silver.t, column "), "{error}");
    }
}

#[test]
fn old_metadata_files_are_trimmed_by_number() {
    let lake = Lake::new();
    create(&lake, &["t"]);
    let mut catalog = lake.open();
    for number in 0..30 {
        let table = load(&mut catalog, "t");
        let mut change = TableChange::of(&table);
        change.set_properties(&[("n", &number.to_string())]).unwrap();
        catalog.commit(vec![change], Catalog::next_time([&table])).unwrap();
    }
    let names = fs::read_dir(lake.root().join("_tables/silver/t/metadata")).unwrap();
    let json = names.filter(|name| name.as_ref().unwrap().path().extension().is_some_and(|it| it == "json")).count();
    assert_eq!(json, 21, "the current one and 20 before it");
}

#[test]
fn a_reader_creates_nothing_and_a_newer_or_moved_catalog_is_refused() {
    let lake = Lake::new();
    assert!(Catalog::open(&lake.store(), lake.root(), Access::Read).is_err());
    assert!(!lake.root().join("catalog.sqlite").exists());
    create(&lake, &["t"]);
    let mut reader = Catalog::open(&lake.store(), lake.root(), Access::Read).unwrap();
    let table = load(&mut reader, "t");
    let mut change = TableChange::of(&table);
    change.set_properties(&[("a", "b")]).unwrap();
    let refused = reader.commit(vec![change], Catalog::next_time([&table]));
    assert!(matches!(refused, Err(Error::Sqlite(..))), "{refused:?}");

    let Err(error) = Catalog::open(&lake.store(), Path::new("/elsewhere"), Access::Read) else { panic!("moved") };
    assert!(matches!(error, Error::Moved { .. }), "{error}");
    let database = rusqlite::Connection::open(lake.root().join("catalog.sqlite")).unwrap();
    database.execute("UPDATE lake_properties SET property_value = '2' WHERE property_key = 'version'", []).unwrap();
    let Err(error) = Catalog::open(&lake.store(), lake.root(), Access::Write) else { panic!("newer") };
    assert!(matches!(error, Error::Version { .. }), "{error}");
}

#[test]
fn of_many_writers_of_one_table_each_commits_once() {
    let lake = Lake::new();
    create(&lake, &["t"]);
    let write = |number: usize| {
        let mut catalog = lake.open();
        loop {
            let table = load(&mut catalog, "t");
            let mut change = TableChange::of(&table);
            change.set_properties(&[(&format!("writer-{number}"), "done")]).unwrap();
            match catalog.commit(vec![change], Catalog::next_time([&table])) {
                Ok(()) => break,
                Err(error) => assert!(error.is_transient(), "{error}"),
            }
        }
    };
    std::thread::scope(|scope| {
        for number in 0..4 {
            scope.spawn(move || write(number));
        }
    });
    let table = load(&mut lake.open(), "t");
    for number in 0..4 {
        assert_eq!(table.metadata().properties()[&format!("writer-{number}")], "done");
    }
}

#[test]
fn columns_of_a_table_are_altered_by_name_and_what_iceberg_does_not_allow_is_refused() {
    let lake = Lake::new();
    create(&lake, &["t"]);
    let mut catalog = lake.open();
    let name = |name: &str| name.to_owned();
    let table = load(&mut catalog, "t");
    let main = table.ref_id("main").unwrap();
    let mut change = TableChange::of(&table);
    change
        .alter(&[
            Alteration::Add(name("year"), PrimitiveType::Int),
            Alteration::Widen(name("year"), PrimitiveType::Long),
            Alteration::Rename(name("title"), name("name")),
            Alteration::Move(name("year"), Place::First),
            Alteration::Move(name("id"), Place::After(name("name"))),
        ])
        .unwrap();
    catalog.commit(vec![change], Catalog::next_time([&table])).unwrap();
    let table = load(&mut catalog, "t");
    let columns = |table: &Table| {
        let schema = table.metadata().current_schema().clone();
        schema.as_struct().fields().iter().map(|field| format!("{} {}", field.id, field.name)).collect::<Vec<_>>()
    };
    assert_eq!(columns(&table), ["3 year", "2 name", "1 id"]);
    assert_eq!(table.ref_id("main"), Some(main));
    let mapping = &table.metadata().properties()["schema.name-mapping.default"];
    assert!(mapping.contains(r#"{"field-id":2,"names":["name","title"]}"#), "{mapping}");

    let mut change = TableChange::of(&table);
    change.alter(&[Alteration::Drop(name("name")), Alteration::Add(name("name"), PrimitiveType::String)]).unwrap();
    catalog.commit(vec![change], Catalog::next_time([&table])).unwrap();
    let table = load(&mut catalog, "t");
    assert_eq!(columns(&table), ["3 year", "1 id", "4 name"], "an id is not used again");
    let mapping = &table.metadata().properties()["schema.name-mapping.default"];
    assert!(
        mapping.contains(r#"{"field-id":2,"names":["title"]}"#),
        "the old column is not read as the new: {mapping}"
    );

    for (alteration, wrong) in [
        (Alteration::Add(name("ID"), PrimitiveType::Int), "has a column id already"),
        (Alteration::Rename(name("id"), name("Year")), "has a column year already"),
        (Alteration::Rename(name("no"), name("x")), "no such column; it has year, id, name"),
        (Alteration::Widen(name("id"), PrimitiveType::Int), "long cannot become int"),
        (Alteration::Drop(name("id")), "sorts the table"),
        (Alteration::Move(name("id"), Place::After(name("id"))), "no such column"),
        (Alteration::Add(name(""), PrimitiveType::Int), "needs a name"),
    ] {
        let error = TableChange::of(&table).alter(&[alteration]).unwrap_err();
        assert!(matches!(&error, Error::Evolution { .. }) && error.to_string().contains(wrong), "{error}");
    }
}

#[test]
fn files_of_a_killed_session_are_removed_and_no_others() {
    let lake = Lake::new();
    create(&lake, &["t"]);
    let mut killed = lake.open();
    let table = load(&mut killed, "t");
    let at = Catalog::next_time([&table]);
    let mut change = TableChange::of(&table);
    let id = snapshot(&mut change, &[lake.file("b.parquet", &[Some(9)], &[None])], 0, at);
    change.set_main(id, 0).unwrap();
    killed.commit(vec![change], at).unwrap();
    let table = load(&mut killed, "t");
    let committed = metadata_files(&lake);
    let mut change = TableChange::of(&table);
    snapshot(&mut change, &[], 0, at + 1);
    drop(change);
    assert!(metadata_files(&lake) > committed);
    let tables = lake.root().join("_tables");
    let session = killed.session().to_string().parse().unwrap();
    assert_eq!(lake.open().remove_orphans(&tables, lake.open().session()).unwrap(), 0, "of another session");
    assert_eq!(lake.open().remove_orphans(&tables, session).unwrap(), 2);
    assert_eq!(metadata_files(&lake), committed);
    assert_eq!(killed.files(&table, id).unwrap()[0].record_count(), 1);
    fs::write(lake.root().join("_tables/silver/t/metadata/unknown"), "").unwrap();
    assert_eq!(killed.remove_unnamed(&table).unwrap(), 1);
}

#[test]
fn a_catalog_is_copied_as_a_whole_and_the_copy_is_the_same_again() {
    let lake = Lake::new();
    create(&lake, &["a", "b"]);
    let other = Store::Sqlite(lake.root().join("other.sqlite"));
    for _ in 0..2 {
        lake.open().copy_to(&other, lake.root()).unwrap();
        let mut copy = Catalog::open(&other, lake.root(), Access::Read).unwrap();
        for name in ["a", "b"] {
            assert_eq!(load(&mut copy, name).metadata_location(), load(&mut lake.open(), name).metadata_location());
        }
    }
    let elsewhere = lake.open().copy_to(&other, Path::new("/elsewhere"));
    assert!(matches!(elsewhere, Err(Error::Moved { .. })));
    Catalog::clear(&other).unwrap();
    assert!(Catalog::open(&other, lake.root(), Access::Read).is_err(), "an empty catalog has no version");
    let location = load(&mut lake.open(), "a").metadata_location().to_owned();
    let mut again = Catalog::open(&other, lake.root(), Access::Write).unwrap();
    again.register(&TableName::new("silver", "a"), &location).unwrap();
    assert!(matches!(again.register(&TableName::new("silver", "a"), &location), Err(Error::Conflict(_))));
    assert!(again.register(&TableName::new("silver", "b"), "/nowhere.json").is_err());
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn bounds_and_counts_hold_every_value(
        ids in prop::collection::vec(any::<Option<i64>>(), 1..50),
        text in ".{0,80}",
    ) {
        let lake = Lake::new();
        let titles: Vec<_> = ids.iter().map(|id| id.map(|_| text.as_str())).collect();
        let file = lake.file("p.parquet", &ids, &titles);
        let change = TableChange::create(&new_table(&lake, "t"), lake.open().session()).unwrap();
        let found = data_file(&file, &change.schema_by_id(0).unwrap()).unwrap();
        let known: Vec<_> = ids.iter().flatten().copied().collect();
        prop_assert_eq!(found.record_count() as usize, ids.len());
        prop_assert_eq!(found.null_value_counts()[&1] as usize, ids.len() - known.len());
        let bound = |bounds: &HashMap<i32, iceberg::spec::Datum>| bounds.get(&1).map(|bound| bound.to_string());
        prop_assert_eq!(bound(found.lower_bounds()), known.iter().min().map(i64::to_string));
        prop_assert_eq!(bound(found.upper_bounds()), known.iter().max().map(i64::to_string));
        if let (Some(low), Some(high)) = (found.lower_bounds().get(&2), found.upper_bounds().get(&2)) {
            let text = iceberg::spec::Datum::string(&text);
            prop_assert!(low <= &text && &text <= high);
        }
    }
}

#[test]
fn a_column_of_another_type_in_the_file_has_no_bounds() {
    let lake = Lake::new();
    let schema = Arc::new(Schema::new(vec![Field::new("id", DataType::Int32, true)]));
    let path = lake.root().join("i.parquet");
    let mut writer = ArrowWriter::try_new(File::create(&path).unwrap(), schema.clone(), None).unwrap();
    writer.write(&RecordBatch::try_new(schema, vec![Arc::new(Int32Array::from(vec![3, 4]))]).unwrap()).unwrap();
    writer.close().unwrap();
    let widened = TableChange::create(&new_table(&lake, "t"), lake.open().session()).unwrap();
    let found = data_file(&path, &widened.schema_by_id(0).unwrap()).unwrap();
    assert_eq!(found.lower_bounds()[&1].to_string(), "3", "an int is read as the table's long");
    let mut new = new_table(&lake, "t");
    new.columns = vec![column(1, "id", PrimitiveType::String)];
    let other = TableChange::create(&new, lake.open().session()).unwrap();
    assert!(data_file(&path, &other.schema_by_id(0).unwrap()).unwrap().lower_bounds().is_empty());
}
