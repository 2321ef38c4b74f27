//! A file declares a sort order only if its rows have it: readers skip rows by the declared order.

use std::fs::File;
use std::path::Path;

use parquet::file::reader::{FileReader, SerializedFileReader};

use crate::support::{RUN, TestLake, gzip, month};

/// Of each part of a table: its rows, and the column that it says it is sorted by.
fn parts(lake: &TestLake, run: &str, table: &str) -> Vec<(i64, Option<i32>)> {
    let folder = lake.root().join("_runs").join(run).join(table);
    let mut paths: Vec<_> = std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()).collect();
    paths.retain(|path| path.extension().is_some_and(|extension| extension == "parquet"));
    paths.sort();
    paths.iter().map(|path| part(path)).collect()
}

fn part(path: &Path) -> (i64, Option<i32>) {
    let reader = SerializedFileReader::new(File::open(path).unwrap()).unwrap();
    let metadata = reader.metadata();
    let columns: Vec<_> = metadata
        .row_groups()
        .iter()
        .map(|group| group.sorting_columns().map(|columns| (columns[0].column_idx, columns[0].descending)))
        .collect();
    assert!(columns.windows(2).all(|pair| pair[0] == pair[1]), "{columns:?}");
    let declared = columns.first().copied().flatten();
    assert_ne!(declared.map(|(_, descending)| descending), Some(true));
    (metadata.file_metadata().num_rows(), declared.map(|(column, _)| column))
}

#[test]
fn tables_in_the_order_of_their_key_say_so() {
    let lake = TestLake::ingested();
    lake.task("build-warehouse").args(&["--run-id", RUN]).run().expect_status(0);
    for (table, column) in [
        ("artists_v1_typed", 0),
        ("labels_v10", 0),
        ("releases_v6", 0),
        ("release_tracks_v1", 0),
        // Sorted by a text.
        ("warehouse_discogs/artist_name_map_v1", 0),
        ("warehouse_discogs/release_artists_v1", 1),
        ("warehouse_discogs/release_label_xref_v1", 1),
    ] {
        assert!(parts(&lake, RUN, table).iter().all(|(_, declared)| *declared == Some(column)), "{table}");
    }
    // The dump of masters is in no order, and these tables have no key.
    for table in ["masters_v1_typed", "master_genres_v1", "artist_aliases_v1_typed"] {
        assert!(parts(&lake, RUN, table).iter().all(|(_, declared)| declared.is_none()), "{table}");
    }
}

#[test]
fn what_comes_behind_a_break_of_the_order_is_in_files_that_do_not_say_so() {
    let lake = TestLake::new();
    let release = |id: u32| format!("<release id=\"{id}\" status=\"Accepted\"><title>Title {id}</title></release>\n");
    let records: String = (1..=20_000).filter(|id| *id != 7).chain([7]).map(release).collect();
    let dump = lake.write("releases.xml.gz", gzip(format!("<releases>\n{records}</releases>\n")));
    for threads in ["1", "8"] {
        let run = format!("20261121_00000{threads}");
        lake.begin(&run, month());
        lake.task("ingest-releases")
            .args(&["--run-id", &run, "--releases-dump", dump.to_str().unwrap(), "--threads", threads])
            .run()
            .expect_status(0);
        assert_eq!(parts(&lake, &run, "releases_v6"), [(16_384, Some(0)), (3_616, None)], "{threads} threads");
        // No row group, and so nothing to say it of.
        assert_eq!(parts(&lake, &run, "release_tracks_v1"), [(0, None)]);
    }
}
