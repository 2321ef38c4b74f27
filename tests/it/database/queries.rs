//! Ten queries of each schema: every database answers as DuckDB does over the Parquet files.

use super::lake::{MONTHS, parquet, real_runs};
use super::{Database, Row, in_each};

/// Queries over the contract's tables. All engines take the same text.
const CONTRACT: [&str; 10] = [
    "SELECT country, CAST(count(*) AS TEXT) FROM releases_ref_v6 GROUP BY country",
    "SELECT name, realname FROM artists_v1_typed WHERE name IN (SELECT min(name) FROM artist_groups_v1)",
    "SELECT l.name, x.catno, r.title FROM labels_ref_v10 AS l JOIN release_labels_v1 AS x ON x.label_id = l.label_id
        JOIN releases_ref_v6 AS r ON r.release_id = x.release_id WHERE x.position = 1",
    "SELECT i.value, r.title FROM release_identifiers_v1 AS i JOIN releases_ref_v6 AS r ON r.release_id = i.release_id
        WHERE i.type = 'Barcode'",
    "SELECT m.title, CAST(m.year AS TEXT), CAST(count(*) AS TEXT) FROM masters_v1_typed AS m
        JOIN releases_ref_v6 AS r ON r.master_id = m.master_id GROUP BY m.master_id, m.title, m.year",
    "SELECT role, CAST(count(DISTINCT artist_id) AS TEXT) FROM release_extra_credits_v1 GROUP BY role",
    "SELECT CAST(release_id AS TEXT), title, duration FROM release_tracks_v1 WHERE duration_seconds > 300",
    "SELECT a.name, o.name FROM artists_v1_typed AS a JOIN artist_aliases_v1_typed AS x ON x.artist_id = a.artist_id
        JOIN artists_v1_typed AS o ON o.artist_id = x.alias_id",
    "SELECT f.name, d.description, CAST(sum(f.qty) AS TEXT) FROM release_formats_v1 AS f
        JOIN release_format_descriptions_v1 AS d ON d.release_id = f.release_id AND d.format_position = f.position
        GROUP BY f.name, d.description",
    "SELECT p.name, c.name FROM labels_ref_v10 AS c LEFT JOIN labels_ref_v10 AS p ON p.label_id = c.parent_label_id",
];

/// Queries as users of discogs-xml2db write them, each with one over the contract's tables that has the same answer.
const DISCOGS_XML2DB: [(&str, &str); 10] = [
    (
        "SELECT name, realname FROM artist WHERE data_quality = 'Correct'",
        "SELECT name, realname FROM artists_v1_typed WHERE data_quality = 'Correct'",
    ),
    (
        "SELECT a.name, v.name FROM artist a JOIN artist_namevariation v ON v.artist_id = a.id",
        "SELECT name, unnest(list(v)) FROM (SELECT a.artist_id, a.name, v.name AS v FROM artists_v1_typed AS a
            JOIN artist_name_variations_v1 AS v ON v.artist_id = a.artist_id) GROUP BY artist_id, name",
    ),
    (
        "SELECT g.name, m.member_name FROM artist g JOIN group_member m ON m.group_artist_id = g.id",
        "SELECT g.name, m.name FROM artists_v1_typed AS g JOIN artist_members_v1 AS m ON m.artist_id = g.artist_id
            WHERE m.member_id IS NOT NULL",
    ),
    (
        "SELECT r.title, l.label_name, l.catno FROM release r JOIN release_label l ON l.release_id = r.id
            WHERE r.country = 'UK'",
        "SELECT r.title, l.name, l.catno FROM releases_v6 AS r JOIN release_labels_v1 AS l USING (release_id)
            WHERE r.country = 'UK'",
    ),
    (
        "SELECT r.title, a.artist_name, a.role, a.tracks FROM release r JOIN release_artist a ON a.release_id = r.id
            WHERE a.extra = 1",
        "SELECT r.title, a.name, a.role, a.tracks FROM releases_v6 AS r
            JOIN release_extra_credits_v1 AS a USING (release_id)",
    ),
    (
        "SELECT t.title, ta.artist_name, ta.role FROM release_track t
            JOIN release_track_artist ta ON ta.track_id = t.track_id WHERE ta.extra",
        "SELECT t.title, c.name, c.role FROM release_tracks_v1 AS t JOIN release_track_credits_v1 AS c
            ON c.release_id = t.release_id AND c.track_sequence = t.sequence",
    ),
    (
        "SELECT name, descriptions, CAST(count(*) AS TEXT) FROM release_format WHERE qty >= 2 GROUP BY name, descriptions",
        "SELECT f.name, d.all_of, CAST(count(*) AS TEXT) FROM release_formats_v1 AS f LEFT JOIN (
            SELECT release_id, format_position, array_to_string(list(description ORDER BY position), '; ') AS all_of
            FROM release_format_descriptions_v1 GROUP BY ALL
        ) AS d ON d.release_id = f.release_id AND d.format_position = f.position WHERE f.qty >= 2 GROUP BY ALL",
    ),
    (
        "SELECT m.title, CAST(m.year AS TEXT), g.genre, r.title FROM master m JOIN master_genre g ON g.master_id = m.id
            LEFT JOIN release r ON r.id = m.main_release",
        "SELECT m.title, CAST(m.year AS TEXT), g.genre, r.title FROM masters_v1_typed AS m
            JOIN master_genres_v1 AS g USING (master_id) LEFT JOIN releases_v6 AS r ON r.release_id = m.main_release_id",
    ),
    (
        "SELECT c.company_name, c.entity_type_name, c.uri FROM release_company c WHERE c.company_id <> 0",
        "SELECT name, entity_type_name, concat('https://api.discogs.com/labels/', company_id) FROM release_companies_v1
            WHERE company_id <> 0",
    ),
    (
        "SELECT i.type, CAST(count(DISTINCT i.value) AS TEXT) FROM release r JOIN release_identifier i
            ON i.release_id = r.id LEFT JOIN release_image p ON p.release_id = r.id WHERE p.type IS NULL GROUP BY i.type",
        "SELECT type, CAST(count(DISTINCT value) AS TEXT) FROM release_identifiers_v1 GROUP BY type",
    ),
];

#[test]
fn queries_of_the_contract_have_known_answers() {
    on_each_run("contract", &CONTRACT.map(|query| (query, query)));
}

#[test]
fn queries_of_discogs_xml2db_have_known_answers() {
    on_each_run("discogs-xml2db", &DISCOGS_XML2DB);
}

fn on_each_run(schema: &str, queries: &[(&str, &str)]) {
    let largest = real_runs().iter().find(|run| run.starts_with("2020-08"));
    for run in [MONTHS[0]].into_iter().chain(largest.map(String::as_str)) {
        let mut parquet = Database::DuckDb(parquet(run));
        let expected: Vec<Vec<Row>> = queries.iter().map(|(_, query)| parquet.rows(query)).collect();
        let empty = queries.iter().zip(&expected).find(|(_, rows)| rows.is_empty());
        // Only the real records hold artists named alike, and only in some months.
        assert!(empty.is_none_or(|((query, _), _)| query.contains("min(name)")), "{run}: {empty:?} shows nothing");
        in_each(run, schema, |database| {
            for ((query, _), rows) in queries.iter().zip(&expected) {
                let found = database.rows(query);
                assert!(found == *rows, "{run}, {}, {query}: {} and {} rows", database.name(), found.len(), rows.len());
            }
        });
    }
}
