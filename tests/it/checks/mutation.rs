//! The proof that the checks find what they are for: a good run is damaged in every way below, one at a time, and the
//! check that is named must fail.

use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};

use super::damage::rewrite;
use super::good_lake::COPY;
use crate::support::TestLake;

struct Damage {
    what: &'static str,
    table: &'static str,
    /// The table's new rows, of `t`.
    query: &'static str,
    caught_by: &'static str,
}

const fn damage(what: &'static str, table: &'static str, query: &'static str, caught_by: &'static str) -> Damage {
    Damage { what, table, query, caught_by }
}

#[rustfmt::skip]
const DAMAGES: &[Damage] = &[
    damage("a tenth of the releases dropped", "releases_v6",
        "SELECT * FROM t WHERE release_id % 10 <> 0", "releases_ref_v6.records_read CRITICAL"),
    damage("first tracks dropped", "release_tracks_v1",
        "SELECT * FROM t WHERE NOT (sequence = 1 AND release_id % 50 = 0)", "release_tracks_v1.gaps_in_sequence CRITICAL"),
    damage("half of the identifiers dropped, whole lists", "release_identifiers_v1",
        "SELECT * FROM t WHERE release_id % 2 = 0", "release_identifiers_v1.drift_rows CRITICAL"),
    damage("all rows of a table dropped", "release_companies_v1",
        "SELECT * FROM t WHERE FALSE", "release_companies_v1.rows CRITICAL"),
    damage("a release twice", "releases_v6",
        "SELECT * FROM t UNION ALL (SELECT * FROM t LIMIT 1)", "releases_ref_v6.duplicate_release_ids CRITICAL"),
    damage("a master without an id", "masters_v1_typed",
        "SELECT * REPLACE (nullif(master_id, (SELECT max(master_id) FROM t)) AS master_id) FROM t",
        "masters_v1.null_master_id CRITICAL"),
    damage("a label of a missing release", "release_labels_v1",
        "SELECT * REPLACE (CASE WHEN release_id = (SELECT max(release_id) FROM t) THEN -1 ELSE release_id END AS release_id) FROM t",
        "release_labels_v1.orphan_release_ids CRITICAL"),
    damage("genres and styles swapped", "releases_v6",
        "SELECT * REPLACE (styles AS genres, genres AS styles) FROM t", "releases_ref_v6.genres_agrees CRITICAL"),
    damage("names and profiles of labels swapped", "labels_v10",
        "SELECT * REPLACE (profile AS name, name AS profile) FROM t", "labels_ref_v10.drift_means CRITICAL"),
    damage("role and name of a credit swapped", "release_extra_credits_v1",
        "SELECT * REPLACE (role AS name, name AS role) FROM t", "releases_ref_v6.credits_flat_agrees CRITICAL"),
    damage("titles cut off", "releases_v6",
        "SELECT * REPLACE (substr(title, 1, 3) AS title) FROM t", "releases_ref_v6.drift_means CRITICAL"),
    damage("catalogue numbers cut off", "release_labels_v1",
        "SELECT * REPLACE (substr(catno, 1, 2) AS catno) FROM t", "releases_ref_v6.label_catnos_agrees CRITICAL"),
    damage("release ids of videos shifted by one", "release_videos_v1",
        "SELECT * REPLACE (release_id + 1 AS release_id) FROM t", "release_videos_v1.orphan_release_ids CRITICAL"),
    damage("artist ids of credits shifted by one", "release_artist_credits_v1",
        "SELECT * REPLACE (artist_id + 1 AS artist_id) FROM t", "release_artist_credits_v1.artist_id_of_another_name CRITICAL"),
    damage("master ids shifted by one", "masters_v1_typed",
        "SELECT * REPLACE (master_id + 1 AS master_id) FROM t", "masters_v1.main_release_of_another_master CRITICAL"),
    damage("genres doubled", "release_genres_v1",
        "SELECT * FROM t UNION ALL SELECT release_id, CAST(position + count(*) OVER (PARTITION BY release_id) AS INTEGER), genre FROM t",
        "releases_ref_v6.genres_agrees CRITICAL"),
    damage("aliases doubled", "artist_aliases_v1_typed",
        "SELECT * FROM t UNION ALL SELECT * FROM t", "artists_v1.aliases_agrees CRITICAL"),
    damage("countries lost", "releases_v6",
        "SELECT * REPLACE (CAST(NULL AS VARCHAR) AS country) FROM t", "releases_ref_v6.drift_nulls CRITICAL"),
    damage("empty texts in place of NULL", "artists_v1_typed",
        "SELECT * REPLACE (coalesce(realname, '') AS realname) FROM t", "artists_v1.empty_texts CRITICAL"),
    damage("bytes of notes replaced", "releases_v6",
        "SELECT * REPLACE (replace(notes, 'a', chr(65533)) AS notes) FROM t", "releases_ref_v6.replaced_bytes WARN"),
    damage("a style lost in the warehouse", "warehouse_discogs/release_style_xref_v1",
        "SELECT * FROM t WHERE style <> 'House'", "warehouse.release_style_xref_v1.agrees CRITICAL"),
    damage("counts of labels one too high", "warehouse_discogs/label_release_counts_v1",
        "SELECT * REPLACE (n_total_releases + 1 AS n_total_releases) FROM t",
        "warehouse.label_release_counts_v1.recount CRITICAL"),
    damage("a name of no artist", "warehouse_discogs/artist_name_map_v1",
        "SELECT * FROM t UNION ALL SELECT 'unknown', min(artist_id) FROM t", "warehouse.artist_name_map_v1.agrees CRITICAL"),
    damage("normalised names in upper case", "warehouse_discogs/release_label_xref_v1",
        "SELECT * REPLACE (upper(label_norm) AS label_norm) FROM t", "warehouse.release_label_xref_v1.label_norm CRITICAL"),
    damage("a column renamed", "release_labels_v1",
        "SELECT * RENAME (catno AS catalogue_number) FROM t", "release_labels_v1.columns CRITICAL"),
    damage("a column retyped", "release_genres_v1",
        "SELECT * REPLACE (CAST(release_id AS INTEGER) AS release_id) FROM t", "release_genres_v1.columns CRITICAL"),
    damage("columns in another order", "masters_v1_typed",
        "SELECT title, * EXCLUDE (title) FROM t", "masters_v1.columns CRITICAL"),
    damage("years off by one", "releases_v6",
        "SELECT * REPLACE (CAST(released_year + 1 AS INTEGER) AS released_year) FROM t",
        "releases_ref_v6.released_year_agrees CRITICAL"),
    damage("years lost", "releases_v6",
        "SELECT * REPLACE (CASE WHEN release_id % 50 <> 0 THEN released_year END AS released_year) FROM t",
        "releases_ref_v6.released_year_agrees CRITICAL"),
    damage("main releases marked the other way round", "releases_v6",
        "SELECT * REPLACE (NOT is_main_release AS is_main_release) FROM t",
        "masters_v1.main_release_of_another_master CRITICAL"),
    damage("groups and members swapped", "artist_memberships_v1_typed",
        "SELECT * REPLACE (member_id AS group_id, group_id AS member_id) FROM t",
        "artist_memberships_v1.group_id_of_another_name CRITICAL"),
    damage("credits moved to a later track", "release_track_artists_v1",
        "SELECT * REPLACE (CAST(track_sequence + 500 AS INTEGER) AS track_sequence) FROM t",
        "release_track_artists_v1.orphan_track_sequences CRITICAL"),
    damage("one medium more", "release_formats_v1",
        "SELECT * REPLACE (qty + 1 AS qty) FROM t", "release_formats_v1.qty_agrees CRITICAL"),
    damage("a digit of the media lost", "release_formats_v1",
        "SELECT * REPLACE (qty_text || '2' AS qty_text) FROM t", "release_formats_v1.qty_agrees CRITICAL"),
    damage("numbers of media lost", "release_formats_v1",
        "SELECT * REPLACE (CASE WHEN release_id % 50 <> 0 THEN qty END AS qty) FROM t",
        "release_formats_v1.qty_agrees CRITICAL"),
    damage("minutes of tracks lost", "release_tracks_v1",
        "SELECT * REPLACE (CAST(duration_seconds % 60 AS INTEGER) AS duration_seconds) FROM t",
        "release_tracks_v1.duration_seconds_agrees CRITICAL"),
    damage("lengths of tracks lost", "release_tracks_v1",
        "SELECT * REPLACE (CASE WHEN release_id % 50 <> 0 THEN duration_seconds END AS duration_seconds) FROM t",
        "release_tracks_v1.duration_seconds_agrees CRITICAL"),
    damage("a length for tracks that have none", "release_tracks_v1",
        "SELECT * REPLACE (coalesce(duration_seconds, 1) AS duration_seconds) FROM t",
        "release_tracks_v1.duration_seconds_agrees CRITICAL"),
    damage("lengths of tracks doubled", "release_tracks_v1",
        "SELECT * REPLACE (CAST(duration_seconds * 2 AS INTEGER) AS duration_seconds) FROM t",
        "release_tracks_v1.duration_seconds_agrees CRITICAL"),
    damage("countries in place of the quality", "releases_v6",
        "SELECT * REPLACE (country AS data_quality) FROM t", "releases_ref_v6.unknown_data_quality WARN"),
    damage("labels that are their own parents", "labels_v10",
        "SELECT * REPLACE (CASE WHEN parent_label_id IS NOT NULL THEN label_id END AS parent_label_id) FROM t",
        "label_sublabels_v1.parent_disagrees CRITICAL"),
    damage("identifiers back to front", "release_identifiers_v1",
        "SELECT * REPLACE (reverse(value) AS value) FROM t", "releases_ref_v6.identifiers_flat_agrees CRITICAL"),
    damage("names of artists joined in another order", "releases_v6",
        "SELECT * REPLACE (array_to_string(list_reverse(string_split(artists, ', ')), ', ') AS artists) FROM t",
        "releases_ref_v6.artists_agrees CRITICAL"),
    damage("positions of styles the other way round", "release_styles_v1",
        "SELECT * REPLACE (CAST(count(*) OVER (PARTITION BY release_id) + 1 - position AS INTEGER) AS position) FROM t",
        "releases_ref_v6.styles_agrees CRITICAL"),
    damage("credits joined in another order", "releases_v6",
        "SELECT * REPLACE (array_to_string(list_reverse(string_split(credits_flat, '; ')), '; ') AS credits_flat) FROM t",
        "releases_ref_v6.credits_flat_agrees CRITICAL"),
    damage("identifiers joined in another order", "releases_v6",
        "SELECT * REPLACE (array_to_string(list_reverse(string_split(identifiers_flat, '; ')), '; ') AS identifiers_flat) FROM t",
        "releases_ref_v6.identifiers_flat_agrees CRITICAL"),
    damage("ids of artists joined in another order", "masters_v1_typed",
        "SELECT * REPLACE (array_to_string(list_reverse(string_split(master_artist_ids, ',')), ',') AS master_artist_ids) FROM t",
        "masters_v1.master_artist_ids_agrees CRITICAL"),
];

#[test]
fn every_damage_is_caught_by_the_check_for_it() {
    let (next, missed) = (AtomicUsize::new(0), Mutex::new(Vec::new()));
    let work = || {
        while let Some(damage) = DAMAGES.get(next.fetch_add(1, Ordering::Relaxed)) {
            let lake = TestLake::checked();
            rewrite(&lake, damage.table, damage.query);
            let finished = lake.sanity_check(&[]);
            let failed = lake.failed();
            let status = if failed.iter().any(|check| check.ends_with("CRITICAL")) { 3 } else { 0 };
            if finished.status != Some(status) || !failed.iter().any(|check| check == damage.caught_by) {
                let text =
                    format!("{}: {} is not among {failed:?}; {}", damage.what, damage.caught_by, finished.stderr);
                missed.lock().unwrap().push(text);
            }
            println!("{}: {}", damage.what, failed.join(", "));
        }
    };
    std::thread::scope(|scope| {
        scope.spawn(work);
        scope.spawn(work);
    });
    let missed = missed.into_inner().unwrap();
    assert!(
        DAMAGES.len() >= 25 && missed.is_empty(),
        "{} damages were not caught:\n{}",
        missed.len(),
        missed.join("\n")
    );
}

/// A text that is wrong at its beginning has each of its pieces at a wrong place.
#[test]
fn a_row_is_counted_once_however_wrong_it_is() {
    let lake = TestLake::checked();
    let longest = |key: &str, column: &str, wrong: &str| {
        let row = format!("(SELECT min({key}) FROM t WHERE length({column}) = (SELECT max(length({column})) FROM t))");
        format!("CASE WHEN {key} = {row} THEN {wrong} ELSE {column} END AS {column}")
    };
    let columns = ["credits_flat", "identifiers_flat", "label_catnos"];
    let releases = columns.map(|column| longest("release_id", column, &format!("'x' || {column}")));
    rewrite(&lake, "releases_v6", &format!("SELECT * REPLACE ({}) FROM t", releases.join(", ")));
    let aliases = longest("artist_id", "aliases", "reverse(aliases)");
    rewrite(&lake, "artists_v1_typed", &format!("SELECT * REPLACE ({aliases}) FROM t"));
    let masters = longest("master_id", "master_artist_ids", "'7,' || master_artist_ids");
    rewrite(&lake, "masters_v1_typed", &format!("SELECT * REPLACE ({masters}) FROM t"));
    lake.sanity_check(&[]).expect_status(3);
    let findings = lake.findings(COPY, "sanity_");
    for check in columns
        .map(|column| format!("releases_ref_v6.{column}_agrees"))
        .iter()
        .map(String::as_str)
        .chain(["artists_v1.aliases_agrees", "masters_v1.master_artist_ids_agrees"])
    {
        let finding = findings.iter().find(|finding| finding["check_name"] == check).unwrap();
        assert_eq!(finding["value"], 1, "{finding}");
    }
}

#[test]
fn a_copy_that_nobody_damaged_fails_no_check() {
    let lake = TestLake::checked();
    lake.sanity_check(&[]).expect_status(0);
    assert_eq!(lake.failed(), Vec::<String>::new());
}
