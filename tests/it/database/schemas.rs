//! The schema of discogs-xml2db has the tables and columns that its users know.

use super::lake::MONTHS;
use super::{Database, in_each};

/// The tables of discogs-xml2db with their columns, in their order, from its statements for Postgres.
const TABLES: [(&str, &str); 27] = [
    ("artist", "id name realname profile data_quality"),
    ("artist_url", "id artist_id url"),
    ("artist_namevariation", "id artist_id name"),
    ("artist_alias", "artist_id alias_name alias_artist_id"),
    ("artist_image", "artist_id type width height"),
    ("group_member", "group_artist_id member_artist_id member_name"),
    ("label", "id name contact_info profile parent_id parent_name data_quality"),
    ("label_url", "id label_id url"),
    ("label_image", "label_id type width height"),
    ("master", "id title year main_release data_quality"),
    ("master_artist", "id master_id artist_id artist_name anv position join_string role"),
    ("master_video", "id master_id duration title description uri"),
    ("master_genre", "id master_id genre"),
    ("master_style", "id master_id style"),
    ("master_image", "master_id type width height"),
    ("release", "id title released country notes data_quality main master_id status"),
    ("release_artist", "id release_id artist_id artist_name extra anv position join_string role tracks"),
    ("release_label", "id release_id label_id label_name catno"),
    ("release_genre", "id release_id genre"),
    ("release_style", "release_id style"),
    ("release_format", "id release_id name qty text_string descriptions"),
    ("release_track", "id release_id sequence position parent title duration track_id"),
    (
        "release_track_artist",
        "id track_id release_id track_sequence artist_id artist_name extra anv position join_string role tracks",
    ),
    ("release_identifier", "id release_id description type value"),
    ("release_video", "id release_id duration title description uri"),
    ("release_company", "id release_id company_id company_name entity_type entity_type_name uri"),
    ("release_image", "release_id type width height"),
];

#[test]
fn the_tables_and_columns_are_those_of_discogs_xml2db() {
    in_each(MONTHS[0], "discogs-xml2db", |database| {
        let columns = match database {
            Database::Postgres(_) | Database::DuckDb(_) => {
                "SELECT CAST(table_name AS TEXT), CAST(column_name AS TEXT), CAST(ordinal_position + 100 AS TEXT)
                FROM information_schema.columns WHERE table_schema IN ('discogs', 'main')"
            }
            Database::Sqlite(_) => {
                "SELECT t.name, c.name, CAST(c.cid + 100 AS TEXT) FROM sqlite_schema AS t, pragma_table_info(t.name) AS c
                WHERE t.type = 'table' AND t.name NOT LIKE 'sqlite%'"
            }
        };
        let mut rows = database.rows(columns);
        rows.retain(|row| !row[0].as_ref().unwrap().starts_with("_export"));
        rows.sort_by_key(|row| (row[0].clone(), row[2].clone()));
        let names = |table: &str| -> Vec<String> {
            rows.iter().filter(|row| row[0].as_deref() == Some(table)).map(|row| row[1].clone().unwrap()).collect()
        };
        for (table, columns) in TABLES {
            assert_eq!(names(table).join(" "), columns, "{table} in {}", database.name());
        }
        let known: usize = TABLES.iter().map(|(_, columns)| columns.split(' ').count()).sum();
        assert_eq!(rows.len(), known, "further columns in {}", database.name());
    });
}

/// A credit of a track refers to the track by its id, and the words of titles are looked up in an index.
#[test]
fn tracks_have_their_keys_and_a_text_index() {
    in_each(MONTHS[0], "discogs-xml2db", |database| {
        let unique = match database {
            Database::Postgres(_) => {
                let key = "SELECT count(*) FROM pg_constraint WHERE conname = 'release_track_artist_track_id_fkey'";
                assert_eq!(database.number(key), 1);
                let words = "SELECT count(*) FROM pg_indexes WHERE tablename = 'release_track' AND indexdef LIKE
                    '%USING gin (to_tsvector(''english''::regconfig, title))'";
                assert_eq!(database.number(words), 1);
                "SELECT count(*) FROM pg_indexes WHERE indexname = 'release_track_track_id_key'"
            }
            Database::Sqlite(_) => "SELECT count(*) FROM sqlite_schema WHERE name = 'release_track_track_id_key'",
            // A DuckDB file has no keys by default.
            Database::DuckDb(_) => return,
        };
        assert_eq!(database.number(unique), 1, "{}", database.name());
    });
}

/// A quantity of more digits than 64 bits hold is exact in Postgres, as it is there.
#[test]
fn quantities_keep_their_digits() {
    let Some(server) = crate::support::PostgresServer::shared() else { return };
    let name = server.database();
    let arguments = ["--schema", "discogs-xml2db", "--tables", "release_format", "--to", &server.url(&name)];
    super::lake::export(&arguments).run().expect_status(0);
    let mut database = Database::Postgres(server.client(&name));
    let parquet = super::lake::parquet(MONTHS[0]);
    let found = database.rows("SELECT CAST(qty AS TEXT) FROM discogs.release_format WHERE qty IS NOT NULL");
    let exact =
        "SELECT ltrim(qty_text, '0') FROM release_formats_v1 WHERE regexp_full_match(qty_text, '0*[1-9][0-9]*')";
    let mut expected = super::duckdb_rows(&parquet, exact);
    let zeros = "SELECT '0' FROM release_formats_v1 WHERE regexp_full_match(qty_text, '0+')";
    expected.extend(super::duckdb_rows(&parquet, zeros));
    expected.sort();
    assert_eq!(found, expected);
}
