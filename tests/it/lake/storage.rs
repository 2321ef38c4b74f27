//! How each table is stored: what was measured to pay (docs/performance.md), and what readers leave rows out by.

use std::fs::{self, File};
use std::path::{Path, PathBuf};

use discogs_lakehouse::contract::{Column, ColumnType, Contract, Table};
use parquet::basic::{Compression, Encoding};
use parquet::column::page::Page;
use parquet::file::metadata::ColumnChunkMetaData;
use parquet::file::properties::ReaderProperties;
use parquet::file::reader::{FileReader, RowGroupReader};
use parquet::file::serialized_reader::{ReadOptionsBuilder, SerializedFileReader};

use crate::support::{self, TestLake, Value};

/// Each table of the contract, as its task wrote it: of the dumps, the collection, the warehouse.
fn written(mut hold: impl FnMut(&Table, &Path)) {
    for table in Contract::load().unwrap().tables {
        hold(&table, &TestLake::built().in_run(&table.folder()));
    }
}

/// Each row group of a table; every table has one here.
fn row_groups(table: &Table, folder: &Path, mut hold: impl FnMut(&dyn RowGroupReader)) {
    let mut files: Vec<PathBuf> = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()).collect();
    files.retain(|path| path.extension().is_some_and(|extension| extension == "parquet"));
    let mut groups = 0;
    for path in files {
        let filters = ReaderProperties::builder().set_read_bloom_filter(true).build();
        let options = ReadOptionsBuilder::new().with_reader_properties(filters).build();
        let reader = SerializedFileReader::new_with_options(File::open(path).unwrap(), options).unwrap();
        for group in 0..reader.num_row_groups() {
            hold(&*reader.get_row_group(group).unwrap());
            groups += 1;
        }
    }
    assert!(groups > 0, "{} has no rows, and nothing is seen of it", table.name);
}

/// Each column of each row group of each table, with its chunk and its pages.
fn chunks(mut hold: impl FnMut(&str, &Column, &ColumnChunkMetaData, &[Page])) {
    written(|table, folder| {
        row_groups(table, folder, |group| {
            assert_eq!(group.num_columns(), table.columns.len(), "{}", table.name);
            for (index, column) in table.columns.iter().enumerate() {
                let pages: Vec<Page> = group.get_column_page_reader(index).unwrap().map(Result::unwrap).collect();
                let name = format!("{}.{}", table.name, column.name);
                hold(&name, column, group.metadata().column(index), &pages);
            }
        });
    });
}

#[test]
fn every_column_is_zstd_in_pages_of_the_first_version_that_an_index_finds() {
    chunks(|name, _, chunk, pages| {
        assert!(matches!(chunk.compression(), Compression::ZSTD(_)), "{name} is {:?}", chunk.compression());
        assert!(
            chunk.offset_index_offset().is_some() && chunk.offset_index_length() > Some(0),
            "{name}: no offset index"
        );
        assert!(pages.iter().any(|page| matches!(page, Page::DataPage { .. })), "{name} has no pages");
        assert!(!pages.iter().any(|page| matches!(page, Page::DataPageV2 { .. })), "{name} has pages of version 2");
    });
}

#[test]
fn integers_are_packed_and_texts_have_a_dictionary_or_their_lengths_apart() {
    chunks(|name, column, _, pages| {
        let dictionary = pages.iter().any(|page| matches!(page, Page::DictionaryPage { .. }));
        let expected = match column.data_type {
            ColumnType::Bigint | ColumnType::Integer => Encoding::DELTA_BINARY_PACKED,
            ColumnType::Varchar if column.dictionary => Encoding::RLE_DICTIONARY,
            ColumnType::Varchar => Encoding::DELTA_LENGTH_BYTE_ARRAY,
            _ => Encoding::PLAIN,
        };
        assert_eq!(dictionary, expected == Encoding::RLE_DICTIONARY, "{name}: a dictionary");
        for page in pages.iter().filter(|page| !matches!(page, Page::DictionaryPage { .. })) {
            assert_eq!(page.encoding(), expected, "{name}");
        }
    });
}

#[test]
fn columns_have_a_bloom_filter_where_the_contract_says_so_and_it_knows_every_value() {
    let mut filters = 0;
    written(|table, folder| {
        let values = support::Table::read(folder);
        row_groups(table, folder, |group| {
            for (index, column) in table.columns.iter().enumerate() {
                let name = format!("{}.{}", table.name, column.name);
                let filter = group.get_column_bloom_filter(index);
                assert_eq!(filter.is_some(), column.bloom_filter, "{name}: a bloom filter");
                let Some(filter) = filter else { continue };
                filters += 1;
                assert_eq!(group.metadata().num_rows() as usize, values.rows.len(), "{name}: one row group here");
                for value in values.column(&column.name) {
                    match value {
                        Value::Text(text) => assert!(filter.check(text.as_str()), "{name} does not know {text:?}"),
                        Value::Int(number) => assert!(filter.check(number), "{name} does not know {number}"),
                        _ => {}
                    }
                }
                let others = (0..1000).filter(|other| filter.check(format!("no such text {other}").as_str())).count();
                assert!(others < 50, "{name} takes {others} of 1000 others for its own");
                // DuckDB asks the filter only of columns that have a smallest and largest value.
                assert!(group.metadata().column(index).statistics().is_some(), "{name} has no statistics");
            }
        });
    });
    assert!(filters > 5, "{filters}");
}

#[test]
fn a_table_says_that_it_is_sorted_when_it_is() {
    let mut sorted_tables = 0;
    written(|table, folder| {
        let values = support::Table::read(folder);
        let key = table.key.first().filter(|_| table.ordered);
        let sorted = key.filter(|key| {
            let keys: Vec<_> = values.column(key).collect();
            keys.is_sorted() && !keys.contains(&&Value::Null)
        });
        sorted_tables += usize::from(sorted.is_some());
        let expected = sorted.map(|key| table.columns.iter().position(|column| column.name == *key).unwrap() as i32);
        row_groups(table, folder, |group| {
            let declared = group.metadata().sorting_columns().map(|columns| {
                assert!(columns.len() == 1 && !columns[0].descending, "{}: {columns:?}", table.name);
                columns[0].column_idx
            });
            assert_eq!(declared, expected, "{}", table.name);
        });
    });
    assert!(sorted_tables > 20, "{sorted_tables}");
}
