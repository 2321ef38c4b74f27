-- Written by register-tables: every table and view of the published contract.
--
--     trino --file bootstrap_discogs.sql
--
-- Nothing is dropped, and running it again changes nothing. register-tables does the same, brings what changed
-- up to date, and checks what Trino reads against the manifest.

CREATE SCHEMA IF NOT EXISTS "hive"."discogs";

USE "hive"."discogs";

CREATE TABLE IF NOT EXISTS "hive"."discogs"."artists_v1_typed" (
    "artist_id" bigint COMMENT 'The artist''s id.',
    "name" varchar COMMENT 'Its name; namesakes carry a number, as in Ricky (6).',
    "realname" varchar COMMENT 'The name behind the name.',
    "profile" varchar COMMENT 'A text about the artist, in Discogs markup.',
    "data_quality" varchar COMMENT 'How far Discogs trusts the entry.',
    "urls" varchar COMMENT 'All of artist_urls_v1, joined with a comma and a space.',
    "namevariations" varchar COMMENT 'All of artist_name_variations_v1, joined with a comma and a space.',
    "aliases" varchar COMMENT 'Names of the aliases, joined with a comma and a space.'
)
COMMENT 'An artist or group. [discogs-lakehouse 4c17a1217fe4]'
WITH (external_location = 'file:/data/hive-data/active/artists_v1_typed', format = 'PARQUET');

CREATE TABLE IF NOT EXISTS "hive"."discogs"."artist_aliases_v1_typed" (
    "artist_id" bigint COMMENT 'The artist that has the alias.',
    "alias_id" bigint COMMENT 'The artist that is the alias; NULL in dumps before 2018.',
    "alias_name" varchar COMMENT 'The alias.'
)
COMMENT 'A named alias of an artist. [discogs-lakehouse e31c11651370]'
WITH (external_location = 'file:/data/hive-data/active/artist_aliases_v1_typed', format = 'PARQUET');

CREATE TABLE IF NOT EXISTS "hive"."discogs"."artist_memberships_v1_typed" (
    "group_id" bigint COMMENT 'The group.',
    "group_name" varchar COMMENT 'Its name.',
    "member_id" bigint COMMENT 'The member.',
    "member_name" varchar COMMENT 'Its name.'
)
COMMENT 'An entry of an artist''s members (the artist is the group) or groups (the artist is the member); a membership named on both sides is there twice. [discogs-lakehouse 39f3baaf58ff]'
WITH (external_location = 'file:/data/hive-data/active/artist_memberships_v1_typed', format = 'PARQUET');

CREATE TABLE IF NOT EXISTS "hive"."discogs"."artist_urls_v1" (
    "artist_id" bigint COMMENT 'The artist.',
    "position" integer COMMENT 'From 1, in the order of the dump.',
    "url" varchar COMMENT 'The URL as entered.'
)
COMMENT 'A URL of an artist. [discogs-lakehouse 6822c9f79e9e]'
WITH (external_location = 'file:/data/hive-data/active/artist_urls_v1', format = 'PARQUET');

CREATE TABLE IF NOT EXISTS "hive"."discogs"."artist_name_variations_v1" (
    "artist_id" bigint COMMENT 'The artist.',
    "position" integer COMMENT 'From 1, in the order of the dump.',
    "name" varchar COMMENT 'The variation.'
)
COMMENT 'A way in which an artist''s name is written on releases. [discogs-lakehouse f5907ab93f9c]'
WITH (external_location = 'file:/data/hive-data/active/artist_name_variations_v1', format = 'PARQUET');

CREATE TABLE IF NOT EXISTS "hive"."discogs"."artist_members_v1" (
    "artist_id" bigint COMMENT 'The artist.',
    "position" integer COMMENT 'From 1, in the order of the dump.',
    "member_id" bigint COMMENT 'The member; NULL for most groups in dumps before 2018.',
    "name" varchar COMMENT 'Its name.'
)
COMMENT 'An entry of an artist''s members, complete or not: the artist is a group. [discogs-lakehouse ebf4854e16e5]'
WITH (external_location = 'file:/data/hive-data/active/artist_members_v1', format = 'PARQUET');

CREATE TABLE IF NOT EXISTS "hive"."discogs"."artist_groups_v1" (
    "artist_id" bigint COMMENT 'The artist.',
    "position" integer COMMENT 'From 1, in the order of the dump.',
    "group_id" bigint COMMENT 'The group; NULL in dumps before 2018.',
    "name" varchar COMMENT 'Its name.'
)
COMMENT 'An entry of an artist''s groups, complete or not: the artist is a member. [discogs-lakehouse f0cc202b184d]'
WITH (external_location = 'file:/data/hive-data/active/artist_groups_v1', format = 'PARQUET');

CREATE TABLE IF NOT EXISTS "hive"."discogs"."labels_v10" (
    "label_id" bigint COMMENT 'The label''s id.',
    "name" varchar COMMENT 'Its name.',
    "profile" varchar COMMENT 'A text about the label, in Discogs markup.',
    "contact_info" varchar COMMENT 'Addresses as entered.',
    "data_quality" varchar COMMENT 'How far Discogs trusts the entry.',
    "parent_label_id" bigint COMMENT 'The label above it; NULL in dumps before 2018.',
    "parent_label_name" varchar COMMENT 'That label''s name.',
    "urls_csv" varchar COMMENT 'All of label_urls_v1, joined with a comma and a space.',
    "sublabel_ids_csv" varchar COMMENT 'Ids of label_sublabels_v1 as entered, joined with a comma and a space.',
    "sublabel_names_csv" varchar COMMENT 'Names of label_sublabels_v1, joined with a comma and a space.'
)
COMMENT 'A label or company. [discogs-lakehouse bf6eb7588871]'
WITH (external_location = 'file:/data/hive-data/active/labels_v10', format = 'PARQUET');

CREATE TABLE IF NOT EXISTS "hive"."discogs"."labels_ref_v10" (
    "label_id" bigint COMMENT 'The label''s id.',
    "name" varchar COMMENT 'Its name.',
    "profile" varchar COMMENT 'A text about the label, in Discogs markup.',
    "contact_info" varchar COMMENT 'Addresses as entered.',
    "data_quality" varchar COMMENT 'How far Discogs trusts the entry.',
    "parent_label_id" bigint COMMENT 'The label above it; NULL in dumps before 2018.',
    "parent_label_name" varchar COMMENT 'That label''s name.',
    "urls_csv" varchar COMMENT 'All of label_urls_v1, joined with a comma and a space.',
    "sublabel_ids_csv" varchar COMMENT 'Ids of label_sublabels_v1 as entered, joined with a comma and a space.',
    "sublabel_names_csv" varchar COMMENT 'Names of label_sublabels_v1, joined with a comma and a space.'
)
COMMENT 'A label or company. [discogs-lakehouse bf6eb7588871]'
WITH (external_location = 'file:/data/hive-data/active/labels_v10', format = 'PARQUET');

CREATE TABLE IF NOT EXISTS "hive"."discogs"."label_urls_v1" (
    "label_id" bigint COMMENT 'The label.',
    "position" integer COMMENT 'From 1, in the order of the dump.',
    "url" varchar COMMENT 'The URL as entered.'
)
COMMENT 'A URL of a label. [discogs-lakehouse 6f3bf59daf3d]'
WITH (external_location = 'file:/data/hive-data/active/label_urls_v1', format = 'PARQUET');

CREATE TABLE IF NOT EXISTS "hive"."discogs"."label_sublabels_v1" (
    "label_id" bigint COMMENT 'The label above.',
    "position" integer COMMENT 'From 1, in the order of the dump.',
    "sublabel_id" bigint COMMENT 'The label below; NULL in dumps before 2018.',
    "sublabel_name" varchar COMMENT 'Its name.'
)
COMMENT 'A label under a label. [discogs-lakehouse 1abba522fc53]'
WITH (external_location = 'file:/data/hive-data/active/label_sublabels_v1', format = 'PARQUET');

CREATE TABLE IF NOT EXISTS "hive"."discogs"."masters_v1_typed" (
    "master_id" bigint COMMENT 'The master''s id.',
    "main_release_id" bigint COMMENT 'The release that stands for it.',
    "title" varchar COMMENT 'Its title.',
    "year" bigint COMMENT 'The year of the first release; 0 where Discogs does not know it.',
    "master_artists" varchar COMMENT 'Names of master_artists_v1, joined with a comma and a space.',
    "master_artist_ids" varchar COMMENT 'The ids of the artists as the dump has them, joined with a comma. The id 0, which stands for no artist, is kept; it is NULL in master_artists_v1.',
    "genres" varchar COMMENT 'All of master_genres_v1, joined with a comma and a space.',
    "styles" varchar COMMENT 'All of master_styles_v1, joined with a comma and a space.',
    "data_quality" varchar COMMENT 'How far Discogs trusts the entry.',
    "notes" varchar COMMENT 'Notes on the master.'
)
COMMENT 'A master: what the releases of one work have in common. [discogs-lakehouse 466e63718ae2]'
WITH (external_location = 'file:/data/hive-data/active/masters_v1_typed', format = 'PARQUET');

CREATE TABLE IF NOT EXISTS "hive"."discogs"."master_artists_v1" (
    "master_id" bigint COMMENT 'The master.',
    "position" integer COMMENT 'From 1, in the order of the dump.',
    "artist_id" bigint COMMENT 'The artist; NULL if none is linked.',
    "name" varchar COMMENT 'The artist''s name.',
    "anv" varchar COMMENT 'The name as it is written here, where it differs.',
    "join_phrase" varchar COMMENT 'The text between this artist and the next: a comma, &, feat.'
)
COMMENT 'A credited artist of a master. [discogs-lakehouse 7f1366adddb9]'
WITH (external_location = 'file:/data/hive-data/active/master_artists_v1', format = 'PARQUET');

CREATE TABLE IF NOT EXISTS "hive"."discogs"."master_genres_v1" (
    "master_id" bigint COMMENT 'The master.',
    "position" integer COMMENT 'From 1, in the order of the dump.',
    "genre" varchar COMMENT 'The genre; names such as Folk, World, & Country hold commas.'
)
COMMENT 'A genre of a master. [discogs-lakehouse fa2842fd2ce9]'
WITH (external_location = 'file:/data/hive-data/active/master_genres_v1', format = 'PARQUET');

CREATE TABLE IF NOT EXISTS "hive"."discogs"."master_styles_v1" (
    "master_id" bigint COMMENT 'The master.',
    "position" integer COMMENT 'From 1, in the order of the dump.',
    "style" varchar COMMENT 'The style.'
)
COMMENT 'A style of a master. [discogs-lakehouse 335ce9a8d5e1]'
WITH (external_location = 'file:/data/hive-data/active/master_styles_v1', format = 'PARQUET');

CREATE TABLE IF NOT EXISTS "hive"."discogs"."master_videos_v1" (
    "master_id" bigint COMMENT 'The master.',
    "position" integer COMMENT 'From 1, in the order of the dump.',
    "src" varchar COMMENT 'Its address.',
    "title" varchar COMMENT 'Its title.',
    "description" varchar COMMENT 'Its description, as far as the dump has it.',
    "duration_seconds" integer COMMENT 'Its length.',
    "embed" boolean COMMENT 'Whether it may be embedded.'
)
COMMENT 'A video of a master. [discogs-lakehouse ae6a81a7a40c]'
WITH (external_location = 'file:/data/hive-data/active/master_videos_v1', format = 'PARQUET');

CREATE TABLE IF NOT EXISTS "hive"."discogs"."releases_v6" (
    "release_id" bigint COMMENT 'The release''s id.',
    "master_id" bigint COMMENT 'Its master; 0 or NULL where it has none.',
    "title" varchar COMMENT 'Its title.',
    "artists" varchar COMMENT 'Names of release_artist_credits_v1, joined with a comma and a space.',
    "labels" varchar COMMENT 'Names of release_labels_v1, joined with a comma and a space.',
    "label_catnos" varchar COMMENT 'Catalogue numbers of release_labels_v1, joined with a comma and a space.',
    "country" varchar COMMENT 'Where it was released.',
    "formats" varchar COMMENT 'Names of release_formats_v1, joined with a comma and a space.',
    "genres" varchar COMMENT 'All of release_genres_v1, joined with a comma and a space.',
    "styles" varchar COMMENT 'All of release_styles_v1, joined with a comma and a space.',
    "credits_flat" varchar COMMENT 'role: name of release_extra_credits_v1, joined with a semicolon and a space. A credit without a name gives its role alone, one without a role its name alone.',
    "status" varchar COMMENT 'Accepted, or what else Discogs says; gone from dumps since 2026-03.',
    "released" varchar COMMENT 'The date as entered: 1999-03-00, 1999, 1980s.',
    "data_quality" varchar COMMENT 'How far Discogs trusts the entry.',
    "format_qtys" varchar COMMENT 'Quantities of release_formats_v1, joined with a comma and a space.',
    "format_texts" varchar COMMENT 'Texts of release_formats_v1, joined with a comma and a space.',
    "format_descriptions" varchar COMMENT 'All of release_format_descriptions_v1, joined with a comma and a space.',
    "identifiers_flat" varchar COMMENT 'type [description] : value of release_identifiers_v1, joined with a semicolon and a space.',
    "notes" varchar COMMENT 'Notes on the release, in Discogs markup.',
    "is_main_release" boolean COMMENT 'Whether it stands for its master.',
    "released_year" integer COMMENT 'The year in released; NULL where it cannot be read.'
)
COMMENT 'A release. [discogs-lakehouse 4b7a820f2ad8]'
WITH (external_location = 'file:/data/hive-data/active/releases_v6', format = 'PARQUET');

CREATE TABLE IF NOT EXISTS "hive"."discogs"."releases_ref_v6" (
    "release_id" bigint COMMENT 'The release''s id.',
    "master_id" bigint COMMENT 'Its master; 0 or NULL where it has none.',
    "title" varchar COMMENT 'Its title.',
    "artists" varchar COMMENT 'Names of release_artist_credits_v1, joined with a comma and a space.',
    "labels" varchar COMMENT 'Names of release_labels_v1, joined with a comma and a space.',
    "label_catnos" varchar COMMENT 'Catalogue numbers of release_labels_v1, joined with a comma and a space.',
    "country" varchar COMMENT 'Where it was released.',
    "formats" varchar COMMENT 'Names of release_formats_v1, joined with a comma and a space.',
    "genres" varchar COMMENT 'All of release_genres_v1, joined with a comma and a space.',
    "styles" varchar COMMENT 'All of release_styles_v1, joined with a comma and a space.',
    "credits_flat" varchar COMMENT 'role: name of release_extra_credits_v1, joined with a semicolon and a space. A credit without a name gives its role alone, one without a role its name alone.',
    "status" varchar COMMENT 'Accepted, or what else Discogs says; gone from dumps since 2026-03.',
    "released" varchar COMMENT 'The date as entered: 1999-03-00, 1999, 1980s.',
    "data_quality" varchar COMMENT 'How far Discogs trusts the entry.',
    "format_qtys" varchar COMMENT 'Quantities of release_formats_v1, joined with a comma and a space.',
    "format_texts" varchar COMMENT 'Texts of release_formats_v1, joined with a comma and a space.',
    "format_descriptions" varchar COMMENT 'All of release_format_descriptions_v1, joined with a comma and a space.',
    "identifiers_flat" varchar COMMENT 'type [description] : value of release_identifiers_v1, joined with a semicolon and a space.',
    "notes" varchar COMMENT 'Notes on the release, in Discogs markup.',
    "is_main_release" boolean COMMENT 'Whether it stands for its master.',
    "released_year" integer COMMENT 'The year in released; NULL where it cannot be read.'
)
COMMENT 'A release. [discogs-lakehouse 4b7a820f2ad8]'
WITH (external_location = 'file:/data/hive-data/active/releases_v6', format = 'PARQUET');

CREATE TABLE IF NOT EXISTS "hive"."discogs"."release_artist_credits_v1" (
    "release_id" bigint COMMENT 'The release.',
    "position" integer COMMENT 'From 1, in the order of the dump.',
    "artist_id" bigint COMMENT 'The artist; NULL if none is linked.',
    "name" varchar COMMENT 'The artist''s name.',
    "anv" varchar COMMENT 'The name as it is written here, where it differs.',
    "join_phrase" varchar COMMENT 'The text between this artist and the next: a comma, &, feat.'
)
COMMENT 'An artist that a release is by. [discogs-lakehouse fbb17d20dfde]'
WITH (external_location = 'file:/data/hive-data/active/release_artist_credits_v1', format = 'PARQUET');

CREATE TABLE IF NOT EXISTS "hive"."discogs"."release_extra_credits_v1" (
    "release_id" bigint COMMENT 'The release.',
    "position" integer COMMENT 'From 1, in the order of the dump.',
    "artist_id" bigint COMMENT 'The artist; NULL if none is linked.',
    "name" varchar COMMENT 'The artist''s name.',
    "anv" varchar COMMENT 'The name as it is written here, where it differs.',
    "role" varchar COMMENT 'The role of the artist.',
    "tracks" varchar COMMENT 'On which tracks, as entered: 1 to 5, 7.'
)
COMMENT 'Somebody who worked on a release, and as what. [discogs-lakehouse fd9ed71ea838]'
WITH (external_location = 'file:/data/hive-data/active/release_extra_credits_v1', format = 'PARQUET');

CREATE TABLE IF NOT EXISTS "hive"."discogs"."release_labels_v1" (
    "release_id" bigint COMMENT 'The release.',
    "position" integer COMMENT 'From 1, in the order of the dump.',
    "label_id" bigint COMMENT 'The label; NULL in dumps before 2018.',
    "name" varchar COMMENT 'The label''s name.',
    "catno" varchar COMMENT 'The catalogue number; NULL if the release has none.'
)
COMMENT 'A label of a release, with its catalogue number. [discogs-lakehouse aabf6ff9ce3e]'
WITH (external_location = 'file:/data/hive-data/active/release_labels_v1', format = 'PARQUET');

CREATE TABLE IF NOT EXISTS "hive"."discogs"."release_series_v1" (
    "release_id" bigint COMMENT 'The release.',
    "position" integer COMMENT 'From 1, in the order of the dump.',
    "series_id" bigint COMMENT 'The series, a label''s id.',
    "name" varchar COMMENT 'Its name.',
    "catno" varchar COMMENT 'The number within the series.'
)
COMMENT 'A series that a release belongs to. [discogs-lakehouse 504f6a976934]'
WITH (external_location = 'file:/data/hive-data/active/release_series_v1', format = 'PARQUET');

CREATE TABLE IF NOT EXISTS "hive"."discogs"."release_companies_v1" (
    "release_id" bigint COMMENT 'The release.',
    "position" integer COMMENT 'From 1, in the order of the dump.',
    "company_id" bigint COMMENT 'The company, a label''s id.',
    "name" varchar COMMENT 'Its name.',
    "catno" varchar COMMENT 'Its number for the release.',
    "entity_type" varchar COMMENT 'The company''s role, as a number that Discogs assigns.',
    "entity_type_name" varchar COMMENT 'What it did: Pressed By, Recorded At.'
)
COMMENT 'A company that had to do with a release. [discogs-lakehouse dd05f566d30f]'
WITH (external_location = 'file:/data/hive-data/active/release_companies_v1', format = 'PARQUET');

CREATE TABLE IF NOT EXISTS "hive"."discogs"."release_formats_v1" (
    "release_id" bigint COMMENT 'The release.',
    "position" integer COMMENT 'From 1, in the order of the dump.',
    "name" varchar COMMENT 'Vinyl, CD, File.',
    "qty" bigint COMMENT 'How many; NULL where qty_text is no number of 64 bits.',
    "qty_text" varchar COMMENT 'How many, as entered.',
    "text" varchar COMMENT 'What else is to be said: Blue, 180 g.'
)
COMMENT 'A kind of medium in a release. [discogs-lakehouse 3742f711b2b3]'
WITH (external_location = 'file:/data/hive-data/active/release_formats_v1', format = 'PARQUET');

CREATE TABLE IF NOT EXISTS "hive"."discogs"."release_format_descriptions_v1" (
    "release_id" bigint COMMENT 'The release.',
    "format_position" integer COMMENT 'The medium: position in release_formats_v1.',
    "position" integer COMMENT 'From 1, in the order of the dump.',
    "description" varchar COMMENT 'LP, Album, Reissue.'
)
COMMENT 'A description of a medium of a release. [discogs-lakehouse ff7b7e10fc2a]'
WITH (external_location = 'file:/data/hive-data/active/release_format_descriptions_v1', format = 'PARQUET');

CREATE TABLE IF NOT EXISTS "hive"."discogs"."release_genres_v1" (
    "release_id" bigint COMMENT 'The release.',
    "position" integer COMMENT 'From 1, in the order of the dump.',
    "genre" varchar COMMENT 'The genre; names such as Folk, World, & Country hold commas.'
)
COMMENT 'A genre of a release. [discogs-lakehouse 546e9c581b7d]'
WITH (external_location = 'file:/data/hive-data/active/release_genres_v1', format = 'PARQUET');

CREATE TABLE IF NOT EXISTS "hive"."discogs"."release_styles_v1" (
    "release_id" bigint COMMENT 'The release.',
    "position" integer COMMENT 'From 1, in the order of the dump.',
    "style" varchar COMMENT 'The style.'
)
COMMENT 'A style of a release. [discogs-lakehouse 4cc7868b6dc8]'
WITH (external_location = 'file:/data/hive-data/active/release_styles_v1', format = 'PARQUET');

CREATE TABLE IF NOT EXISTS "hive"."discogs"."release_identifiers_v1" (
    "release_id" bigint COMMENT 'The release.',
    "position" integer COMMENT 'From 1, in the order of the dump.',
    "type" varchar COMMENT 'Barcode, Matrix / Runout.',
    "description" varchar COMMENT 'Which one: Side A, stamped.',
    "value" varchar COMMENT 'The mark itself.'
)
COMMENT 'A barcode, matrix number or other mark on a release. [discogs-lakehouse 5e91883d8c2f]'
WITH (external_location = 'file:/data/hive-data/active/release_identifiers_v1', format = 'PARQUET');

CREATE TABLE IF NOT EXISTS "hive"."discogs"."release_videos_v1" (
    "release_id" bigint COMMENT 'The release.',
    "position" integer COMMENT 'From 1, in the order of the dump.',
    "src" varchar COMMENT 'Its address.',
    "title" varchar COMMENT 'Its title.',
    "description" varchar COMMENT 'Its description, as far as the dump has it.',
    "duration_seconds" integer COMMENT 'Its length.',
    "embed" boolean COMMENT 'Whether it may be embedded.'
)
COMMENT 'A video of a release. [discogs-lakehouse 4751c0b980a6]'
WITH (external_location = 'file:/data/hive-data/active/release_videos_v1', format = 'PARQUET');

CREATE TABLE IF NOT EXISTS "hive"."discogs"."release_tracks_v1" (
    "release_id" bigint COMMENT 'The release.',
    "sequence" integer COMMENT 'From 1, in the order of the dump, an index track before its sub-tracks.',
    "parent_sequence" integer COMMENT 'The index track that this is a sub-track of.',
    "position" varchar COMMENT 'The position as printed: A1.',
    "title" varchar COMMENT 'Its title.',
    "duration" varchar COMMENT 'Its length as entered: 3:45.',
    "duration_seconds" integer COMMENT 'The same in seconds; NULL where it cannot be read.'
)
COMMENT 'An entry of a track list: a track, a heading, an index track or one of its sub-tracks. [discogs-lakehouse 5dedc3e9a482]'
WITH (external_location = 'file:/data/hive-data/active/release_tracks_v1', format = 'PARQUET');

CREATE TABLE IF NOT EXISTS "hive"."discogs"."release_track_artists_v1" (
    "release_id" bigint COMMENT 'The release.',
    "track_sequence" integer COMMENT 'The track: sequence in release_tracks_v1.',
    "position" integer COMMENT 'From 1, in the order of the dump.',
    "artist_id" bigint COMMENT 'The artist; NULL if none is linked.',
    "name" varchar COMMENT 'The artist''s name.',
    "anv" varchar COMMENT 'The name as it is written here, where it differs.',
    "join_phrase" varchar COMMENT 'The text between this artist and the next.'
)
COMMENT 'An artist that a track is by. [discogs-lakehouse 4538e95971f1]'
WITH (external_location = 'file:/data/hive-data/active/release_track_artists_v1', format = 'PARQUET');

CREATE TABLE IF NOT EXISTS "hive"."discogs"."release_track_credits_v1" (
    "release_id" bigint COMMENT 'The release.',
    "track_sequence" integer COMMENT 'The track: sequence in release_tracks_v1.',
    "position" integer COMMENT 'From 1, in the order of the dump.',
    "artist_id" bigint COMMENT 'The artist; NULL if none is linked.',
    "name" varchar COMMENT 'The artist''s name.',
    "anv" varchar COMMENT 'The name as it is written here, where it differs.',
    "role" varchar COMMENT 'The role of the artist.',
    "tracks" varchar COMMENT 'On which tracks, as entered.'
)
COMMENT 'Somebody who worked on a track, and as what. [discogs-lakehouse 639212b5bbcd]'
WITH (external_location = 'file:/data/hive-data/active/release_track_credits_v1', format = 'PARQUET');

CREATE TABLE IF NOT EXISTS "hive"."discogs"."artist_name_map_v1" (
    "norm_name" varchar COMMENT 'A name, real name, alias or group''s name: lower case; spaces (U+0020) trimmed at both ends; one (n) of ASCII digits removed from the end; the first run of white space, which is space, tab, line feed, form feed and carriage return and no other, made one space; in this order. Ricky (6) is ricky with a space behind it.',
    "artist_id" bigint COMMENT 'The artist.'
)
COMMENT 'A normalised name under which an artist is known. [discogs-lakehouse da86e26c98aa]'
WITH (external_location = 'file:/data/hive-data/active/warehouse_discogs/artist_name_map_v1', format = 'PARQUET');

CREATE TABLE IF NOT EXISTS "hive"."discogs"."release_artists_v1" (
    "release_id" bigint COMMENT 'The release.',
    "artist_norm" varchar COMMENT 'The artist''s name in lower case.',
    "artist_id" bigint COMMENT 'The artist of that name, the lowest id of several; NULL if none is linked. release_artist_credits_v1 has them all.'
)
COMMENT 'A name, in lower case, that a release is credited to. [discogs-lakehouse a29720d2cf32]'
WITH (external_location = 'file:/data/hive-data/active/warehouse_discogs/release_artists_v1', format = 'PARQUET');

CREATE TABLE IF NOT EXISTS "hive"."discogs"."release_label_xref_v1" (
    "release_id" bigint COMMENT 'The release.',
    "label_name" varchar COMMENT 'The label''s name.',
    "label_norm" varchar COMMENT 'The same in lower case.',
    "label_catno" varchar COMMENT 'The catalogue number.',
    "label_id" bigint COMMENT 'The label of that name, the lowest id of several; NULL in dumps before 2018. release_labels_v1 has them all.'
)
COMMENT 'A label and catalogue number of a release. [discogs-lakehouse d6ddd1632935]'
WITH (external_location = 'file:/data/hive-data/active/warehouse_discogs/release_label_xref_v1', format = 'PARQUET');

CREATE TABLE IF NOT EXISTS "hive"."discogs"."label_release_counts_v1" (
    "label_norm" varchar COMMENT 'The label''s name in lower case.',
    "label_name_sample" varchar COMMENT 'The first of its spellings.',
    "n_total_releases" bigint COMMENT 'How many releases it has.'
)
COMMENT 'A label, by its name in lower case, and how many releases it has. [discogs-lakehouse fc5694caa02e]'
WITH (external_location = 'file:/data/hive-data/active/warehouse_discogs/label_release_counts_v1', format = 'PARQUET');

CREATE TABLE IF NOT EXISTS "hive"."discogs"."release_style_xref_v1" (
    "release_id" bigint COMMENT 'The release.',
    "style" varchar COMMENT 'The style.',
    "style_norm" varchar COMMENT 'The same in lower case.'
)
COMMENT 'A style of a release. [discogs-lakehouse 612740ecbb46]'
WITH (external_location = 'file:/data/hive-data/active/warehouse_discogs/release_style_xref_v1', format = 'PARQUET');

CREATE TABLE IF NOT EXISTS "hive"."discogs"."release_genre_xref_v1" (
    "release_id" bigint COMMENT 'The release.',
    "genre" varchar COMMENT 'The genre.',
    "genre_norm" varchar COMMENT 'The same in lower case.'
)
COMMENT 'A genre of a release. [discogs-lakehouse c8d8c89dda2f]'
WITH (external_location = 'file:/data/hive-data/active/warehouse_discogs/release_genre_xref_v1', format = 'PARQUET');

CREATE OR REPLACE VIEW "hive"."discogs"."artist_aliases_v1"
COMMENT 'artist_aliases_v1_typed without the suffix in its name. Columns are listed, because a view of * breaks in Trino when a column is added. [discogs-lakehouse 9e877c996147]'
SECURITY INVOKER
AS
SELECT artist_id, alias_id, alias_name
FROM artist_aliases_v1_typed;

CREATE OR REPLACE VIEW "hive"."discogs"."artist_memberships_v1"
COMMENT 'artist_memberships_v1_typed without the suffix in its name. Columns are listed, because a view of * breaks in Trino when a column is added. [discogs-lakehouse 8e07d3fcaa48]'
SECURITY INVOKER
AS
SELECT group_id, group_name, member_id, member_name
FROM artist_memberships_v1_typed;

CREATE OR REPLACE VIEW "hive"."discogs"."artist_memberships_v1_typed_dedup"
COMMENT 'each membership once, even if both the group and the member list it. [discogs-lakehouse 765ecd0d2a1c]'
SECURITY INVOKER
AS
SELECT DISTINCT group_id, group_name, member_id, member_name
FROM artist_memberships_v1_typed;

CREATE OR REPLACE VIEW "hive"."discogs"."artists_v1"
COMMENT 'artists_v1_typed without the suffix in its name. Columns are listed, because a view of * breaks in Trino when a column is added. [discogs-lakehouse 521ee60f2e6d]'
SECURITY INVOKER
AS
SELECT artist_id, name, realname, profile, data_quality, urls, namevariations, aliases
FROM artists_v1_typed;

CREATE OR REPLACE VIEW "hive"."discogs"."masters_v1"
COMMENT 'masters_v1_typed without the suffix in its name. Columns are listed, because a view of * breaks in Trino when a column is added. [discogs-lakehouse 4a5f1a0c5c80]'
SECURITY INVOKER
AS
SELECT
    master_id,
    main_release_id,
    title,
    year,
    master_artists,
    master_artist_ids,
    genres,
    styles,
    data_quality,
    notes
FROM masters_v1_typed;

CREATE OR REPLACE VIEW "hive"."discogs"."release_label_xref_v1_canon"
COMMENT 'the labels of a release, each in the spelling of label_release_counts_v1. [discogs-lakehouse fb06e6f31579]'
SECURITY INVOKER
AS
SELECT xref.release_id, counts.label_name_sample AS label_name, xref.label_norm, xref.label_catno, xref.label_id
FROM release_label_xref_v1 AS xref
JOIN label_release_counts_v1 AS counts ON counts.label_norm = xref.label_norm;

CREATE OR REPLACE VIEW "hive"."discogs"."release_label_xref_v1_dedup"
COMMENT 'each label of a release once, with its first catalogue number. [discogs-lakehouse 6882e96df135]'
SECURITY INVOKER
AS
SELECT
    release_id,
    min(label_name) AS label_name,
    label_norm,
    min(label_catno) AS label_catno,
    min(label_id) AS label_id
FROM release_label_xref_v1
GROUP BY release_id, label_norm;
