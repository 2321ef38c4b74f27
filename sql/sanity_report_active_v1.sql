-- The checks of what is published, as one statement for a Trino or DuckDB client: paste it, and look for ok = false.
-- CRITICAL with ok = false must not be published; WARN is worth a look; INFO is known upstream.
--
-- Made of sql/contract.yml, sql/checks and sql/statement: change those, then UPDATE_DOCS=1 cargo test --lib statement
SELECT check_name, severity, value, ok, details
FROM (
SELECT 'artists_v1.rows' AS check_name, 'CRITICAL' AS severity, n AS value, n >= 1000 AS ok, 'at least 1000 rows are expected' AS details
FROM (SELECT count(*) AS n FROM "artists_v1_typed") AS counted
UNION ALL
SELECT 'artist_aliases_v1.rows' AS check_name, 'CRITICAL' AS severity, n AS value, n >= 1 AS ok, 'at least 1 rows are expected' AS details
FROM (SELECT count(*) AS n FROM "artist_aliases_v1_typed") AS counted
UNION ALL
SELECT 'artist_memberships_v1.rows' AS check_name, 'CRITICAL' AS severity, n AS value, n >= 1 AS ok, 'at least 1 rows are expected' AS details
FROM (SELECT count(*) AS n FROM "artist_memberships_v1_typed") AS counted
UNION ALL
SELECT 'labels_ref_v10.rows' AS check_name, 'CRITICAL' AS severity, n AS value, n >= 1000 AS ok, 'at least 1000 rows are expected' AS details
FROM (SELECT count(*) AS n FROM "labels_ref_v10") AS counted
UNION ALL
SELECT 'masters_v1.rows' AS check_name, 'CRITICAL' AS severity, n AS value, n >= 1000 AS ok, 'at least 1000 rows are expected' AS details
FROM (SELECT count(*) AS n FROM "masters_v1_typed") AS counted
UNION ALL
SELECT 'releases_ref_v6.rows' AS check_name, 'CRITICAL' AS severity, n AS value, n >= 1000 AS ok, 'at least 1000 rows are expected' AS details
FROM (SELECT count(*) AS n FROM "releases_ref_v6") AS counted
UNION ALL
SELECT 'warehouse.artist_name_map_v1.rows' AS check_name, 'CRITICAL' AS severity, n AS value, n >= 1 AS ok, 'at least 1 rows are expected' AS details
FROM (SELECT count(*) AS n FROM "artist_name_map_v1") AS counted
UNION ALL
SELECT 'warehouse.release_artists_v1.rows' AS check_name, 'CRITICAL' AS severity, n AS value, n >= 1 AS ok, 'at least 1 rows are expected' AS details
FROM (SELECT count(*) AS n FROM "release_artists_v1") AS counted
UNION ALL
SELECT 'warehouse.release_label_xref_v1.rows' AS check_name, 'CRITICAL' AS severity, n AS value, n >= 1 AS ok, 'at least 1 rows are expected' AS details
FROM (SELECT count(*) AS n FROM "release_label_xref_v1") AS counted
UNION ALL
SELECT 'warehouse.label_release_counts_v1.rows' AS check_name, 'CRITICAL' AS severity, n AS value, n >= 1 AS ok, 'at least 1 rows are expected' AS details
FROM (SELECT count(*) AS n FROM "label_release_counts_v1") AS counted
UNION ALL
SELECT 'warehouse.release_style_xref_v1.rows' AS check_name, 'CRITICAL' AS severity, n AS value, n >= 1 AS ok, 'at least 1 rows are expected' AS details
FROM (SELECT count(*) AS n FROM "release_style_xref_v1") AS counted
UNION ALL
SELECT 'warehouse.release_genre_xref_v1.rows' AS check_name, 'CRITICAL' AS severity, n AS value, n >= 1 AS ok, 'at least 1 rows are expected' AS details
FROM (SELECT count(*) AS n FROM "release_genre_xref_v1") AS counted
UNION ALL
SELECT 'artists_v1.null_artist_id' AS check_name, 'CRITICAL' AS severity, n AS value, n = 0 AS ok, 'artist_id is NULL' AS details
FROM (SELECT count(*) AS n FROM (
SELECT "artist_id"
FROM "artists_v1_typed"
WHERE "artist_id" IS NULL
) AS broken) AS counted
UNION ALL
SELECT 'artists_v1.duplicate_artist_ids' AS check_name, 'CRITICAL' AS severity, n AS value, n = 0 AS ok, 'the same artist_id stands more than once' AS details
FROM (SELECT count(*) AS n FROM (
SELECT "artist_id"
FROM "artists_v1_typed"
GROUP BY "artist_id"
HAVING count(*) > 1
) AS broken) AS counted
UNION ALL
SELECT 'artist_aliases_v1.orphan_artist_id_rows' AS check_name, 'CRITICAL' AS severity, n AS value, n = 0 AS ok, 'artist_id has no row in artists_v1_typed' AS details
FROM (SELECT count(*) AS n FROM (
SELECT "artist_id", "artist_id", "alias_id", "alias_name"
FROM "artist_aliases_v1_typed" AS child
WHERE "artist_id" IS NOT NULL
  AND NOT EXISTS (SELECT 1 FROM "artists_v1_typed" AS parent WHERE parent."artist_id" = child."artist_id")
) AS broken) AS counted
UNION ALL
SELECT
    'artist_aliases_v1.orphan_alias_rows' AS check_name,
    CASE WHEN n <= greatest(5, total * 0.05) THEN 'INFO' ELSE 'WARN' END AS severity,
    n AS value,
    n <= greatest(5, total * 0.05) AS ok,
    'alias_id has no row in artists_v1_typed. Aliases of artists that were removed or are hidden.' AS details
FROM (SELECT count(*) AS n FROM (
SELECT "alias_id", "artist_id", "alias_id", "alias_name"
FROM "artist_aliases_v1_typed" AS child
WHERE "alias_id" IS NOT NULL
  AND NOT EXISTS (SELECT 1 FROM "artists_v1_typed" AS parent WHERE parent."artist_id" = child."alias_id")
) AS broken) AS counted
CROSS JOIN (SELECT count(*) AS total FROM "artist_aliases_v1_typed") AS of_table
UNION ALL
SELECT
    'artist_memberships_v1.orphan_group_ids' AS check_name,
    CASE WHEN n <= greatest(5, total * 0.05) THEN 'INFO' ELSE 'WARN' END AS severity,
    n AS value,
    n <= greatest(5, total * 0.05) AS ok,
    'group_id has no row in artists_v1_typed. Groups that were removed or are hidden.' AS details
FROM (SELECT count(*) AS n FROM (
SELECT "group_id", "group_id", "group_name", "member_id"
FROM "artist_memberships_v1_typed" AS child
WHERE "group_id" IS NOT NULL
  AND NOT EXISTS (SELECT 1 FROM "artists_v1_typed" AS parent WHERE parent."artist_id" = child."group_id")
) AS broken) AS counted
CROSS JOIN (SELECT count(*) AS total FROM "artist_memberships_v1_typed") AS of_table
UNION ALL
SELECT
    'artist_memberships_v1.orphan_member_ids' AS check_name,
    CASE WHEN n <= greatest(5, total * 0.05) THEN 'INFO' ELSE 'WARN' END AS severity,
    n AS value,
    n <= greatest(5, total * 0.05) AS ok,
    'member_id has no row in artists_v1_typed. Members that were removed or are hidden.' AS details
FROM (SELECT count(*) AS n FROM (
SELECT "member_id", "group_id", "group_name", "member_id"
FROM "artist_memberships_v1_typed" AS child
WHERE "member_id" IS NOT NULL
  AND NOT EXISTS (SELECT 1 FROM "artists_v1_typed" AS parent WHERE parent."artist_id" = child."member_id")
) AS broken) AS counted
CROSS JOIN (SELECT count(*) AS total FROM "artist_memberships_v1_typed") AS of_table
UNION ALL
SELECT 'labels_ref_v10.null_label_id' AS check_name, 'CRITICAL' AS severity, n AS value, n = 0 AS ok, 'label_id is NULL' AS details
FROM (SELECT count(*) AS n FROM (
SELECT "label_id"
FROM "labels_ref_v10"
WHERE "label_id" IS NULL
) AS broken) AS counted
UNION ALL
SELECT
    'labels_ref_v10.orphan_parent_label_ids' AS check_name,
    CASE WHEN n <= greatest(5, total * 0.05) THEN 'INFO' ELSE 'WARN' END AS severity,
    n AS value,
    n <= greatest(5, total * 0.05) AS ok,
    'parent_label_id has no row in labels_v10. Parents that were removed or are hidden.' AS details
FROM (SELECT count(*) AS n FROM (
SELECT "parent_label_id", "label_id"
FROM "labels_ref_v10" AS child
WHERE "parent_label_id" IS NOT NULL
  AND NOT EXISTS (SELECT 1 FROM "labels_ref_v10" AS parent WHERE parent."label_id" = child."parent_label_id")
) AS broken) AS counted
CROSS JOIN (SELECT count(*) AS total FROM "labels_ref_v10") AS of_table
UNION ALL
SELECT 'labels_ref_v10.duplicate_label_id_groups' AS check_name, 'CRITICAL' AS severity, n AS value, n = 0 AS ok, 'the same label_id stands more than once' AS details
FROM (SELECT count(*) AS n FROM (
SELECT "label_id"
FROM "labels_ref_v10"
GROUP BY "label_id"
HAVING count(*) > 1
) AS broken) AS counted
UNION ALL
SELECT 'masters_v1.null_master_id' AS check_name, 'CRITICAL' AS severity, n AS value, n = 0 AS ok, 'master_id is NULL' AS details
FROM (SELECT count(*) AS n FROM (
SELECT "master_id"
FROM "masters_v1_typed"
WHERE "master_id" IS NULL
) AS broken) AS counted
UNION ALL
SELECT
    'masters_v1.orphan_main_release_id' AS check_name,
    CASE WHEN n <= greatest(5, total * 0.01) THEN 'INFO' ELSE 'WARN' END AS severity,
    n AS value,
    n <= greatest(5, total * 0.01) AS ok,
    'main_release_id has no row in releases_v6. Main releases that were removed between the two dumps.' AS details
FROM (SELECT count(*) AS n FROM (
SELECT "main_release_id", "master_id"
FROM "masters_v1_typed" AS child
WHERE "main_release_id" IS NOT NULL
  AND NOT EXISTS (SELECT 1 FROM "releases_ref_v6" AS parent WHERE parent."release_id" = child."main_release_id")
) AS broken) AS counted
CROSS JOIN (SELECT count(*) AS total FROM "masters_v1_typed") AS of_table
UNION ALL
SELECT 'masters_v1.duplicate_master_ids' AS check_name, 'CRITICAL' AS severity, n AS value, n = 0 AS ok, 'the same master_id stands more than once' AS details
FROM (SELECT count(*) AS n FROM (
SELECT "master_id"
FROM "masters_v1_typed"
GROUP BY "master_id"
HAVING count(*) > 1
) AS broken) AS counted
UNION ALL
SELECT 'releases_ref_v6.null_release_id' AS check_name, 'CRITICAL' AS severity, n AS value, n = 0 AS ok, 'release_id is NULL' AS details
FROM (SELECT count(*) AS n FROM (
SELECT "release_id"
FROM "releases_ref_v6"
WHERE "release_id" IS NULL
) AS broken) AS counted
UNION ALL
SELECT
    'releases_ref_v6.orphan_master_ids' AS check_name,
    CASE WHEN n <= greatest(5, total * 0.01) THEN 'INFO' ELSE 'WARN' END AS severity,
    n AS value,
    n <= greatest(5, total * 0.01) AS ok,
    'master_id has no row in masters_v1_typed. Masters that were removed between the two dumps. 0 means none.' AS details
FROM (SELECT count(*) AS n FROM (
SELECT "master_id", "release_id"
FROM "releases_ref_v6" AS child
WHERE "master_id" IS NOT NULL
  AND "master_id" <> 0
  AND NOT EXISTS (SELECT 1 FROM "masters_v1_typed" AS parent WHERE parent."master_id" = child."master_id")
) AS broken) AS counted
CROSS JOIN (SELECT count(*) AS total FROM "releases_ref_v6") AS of_table
UNION ALL
SELECT 'releases_ref_v6.duplicate_release_ids' AS check_name, 'CRITICAL' AS severity, n AS value, n = 0 AS ok, 'the same release_id stands more than once' AS details
FROM (SELECT count(*) AS n FROM (
SELECT "release_id"
FROM "releases_ref_v6"
GROUP BY "release_id"
HAVING count(*) > 1
) AS broken) AS counted
UNION ALL
SELECT 'warehouse.artist_name_map_v1.null_norm_name' AS check_name, 'CRITICAL' AS severity, n AS value, n = 0 AS ok, 'norm_name is NULL' AS details
FROM (SELECT count(*) AS n FROM (
SELECT "norm_name", "artist_id"
FROM "artist_name_map_v1"
WHERE "norm_name" IS NULL
) AS broken) AS counted
UNION ALL
SELECT 'warehouse.artist_name_map_v1.orphan_artist_ids' AS check_name, 'CRITICAL' AS severity, n AS value, n = 0 AS ok, 'artist_id has no row in artists_v1_typed' AS details
FROM (SELECT count(*) AS n FROM (
SELECT "artist_id", "norm_name", "artist_id"
FROM "artist_name_map_v1" AS child
WHERE "artist_id" IS NOT NULL
  AND NOT EXISTS (SELECT 1 FROM "artists_v1_typed" AS parent WHERE parent."artist_id" = child."artist_id")
) AS broken) AS counted
UNION ALL
SELECT 'warehouse.artist_name_map_v1.duplicate_keys' AS check_name, 'CRITICAL' AS severity, n AS value, n = 0 AS ok, 'the same norm_name, artist_id stands more than once' AS details
FROM (SELECT count(*) AS n FROM (
SELECT "norm_name", "artist_id"
FROM "artist_name_map_v1"
GROUP BY "norm_name", "artist_id"
HAVING count(*) > 1
) AS broken) AS counted
UNION ALL
SELECT 'warehouse.release_artists_v1.orphan_release_ids' AS check_name, 'CRITICAL' AS severity, n AS value, n = 0 AS ok, 'release_id has no row in releases_v6' AS details
FROM (SELECT count(*) AS n FROM (
SELECT "release_id", "artist_norm", "release_id"
FROM "release_artists_v1" AS child
WHERE "release_id" IS NOT NULL
  AND NOT EXISTS (SELECT 1 FROM "releases_ref_v6" AS parent WHERE parent."release_id" = child."release_id")
) AS broken) AS counted
UNION ALL
SELECT 'warehouse.release_artists_v1.null_artist_norm' AS check_name, 'CRITICAL' AS severity, n AS value, n = 0 AS ok, 'artist_norm is NULL' AS details
FROM (SELECT count(*) AS n FROM (
SELECT "artist_norm", "release_id"
FROM "release_artists_v1"
WHERE "artist_norm" IS NULL
) AS broken) AS counted
UNION ALL
SELECT 'warehouse.release_artists_v1.duplicate_keys' AS check_name, 'CRITICAL' AS severity, n AS value, n = 0 AS ok, 'the same artist_norm, release_id stands more than once' AS details
FROM (SELECT count(*) AS n FROM (
SELECT "artist_norm", "release_id"
FROM "release_artists_v1"
GROUP BY "artist_norm", "release_id"
HAVING count(*) > 1
) AS broken) AS counted
UNION ALL
SELECT 'warehouse.release_label_xref_v1.orphan_release_ids' AS check_name, 'CRITICAL' AS severity, n AS value, n = 0 AS ok, 'release_id has no row in releases_v6' AS details
FROM (SELECT count(*) AS n FROM (
SELECT "release_id", "label_name", "release_id", "label_catno"
FROM "release_label_xref_v1" AS child
WHERE "release_id" IS NOT NULL
  AND NOT EXISTS (SELECT 1 FROM "releases_ref_v6" AS parent WHERE parent."release_id" = child."release_id")
) AS broken) AS counted
UNION ALL
SELECT 'warehouse.release_label_xref_v1.null_label_name' AS check_name, 'CRITICAL' AS severity, n AS value, n = 0 AS ok, 'label_name is NULL' AS details
FROM (SELECT count(*) AS n FROM (
SELECT "label_name", "release_id", "label_catno"
FROM "release_label_xref_v1"
WHERE "label_name" IS NULL
) AS broken) AS counted
UNION ALL
SELECT 'warehouse.release_label_xref_v1.duplicate_keys' AS check_name, 'CRITICAL' AS severity, n AS value, n = 0 AS ok, 'the same label_name, release_id, label_catno stands more than once' AS details
FROM (SELECT count(*) AS n FROM (
SELECT "label_name", "release_id", "label_catno"
FROM "release_label_xref_v1"
GROUP BY "label_name", "release_id", "label_catno"
HAVING count(*) > 1
) AS broken) AS counted
UNION ALL
SELECT 'warehouse.label_release_counts_v1.null_label_norm' AS check_name, 'CRITICAL' AS severity, n AS value, n = 0 AS ok, 'label_norm is NULL' AS details
FROM (SELECT count(*) AS n FROM (
SELECT "label_norm"
FROM "label_release_counts_v1"
WHERE "label_norm" IS NULL
) AS broken) AS counted
UNION ALL
SELECT 'warehouse.label_release_counts_v1.duplicate_label_norms' AS check_name, 'CRITICAL' AS severity, n AS value, n = 0 AS ok, 'the same label_norm stands more than once' AS details
FROM (SELECT count(*) AS n FROM (
SELECT "label_norm"
FROM "label_release_counts_v1"
GROUP BY "label_norm"
HAVING count(*) > 1
) AS broken) AS counted
UNION ALL
SELECT 'warehouse.release_style_xref_v1.null_release_id' AS check_name, 'CRITICAL' AS severity, n AS value, n = 0 AS ok, 'release_id is NULL' AS details
FROM (SELECT count(*) AS n FROM (
SELECT "release_id", "style"
FROM "release_style_xref_v1"
WHERE "release_id" IS NULL
) AS broken) AS counted
UNION ALL
SELECT 'warehouse.release_style_xref_v1.orphan_release_ids' AS check_name, 'CRITICAL' AS severity, n AS value, n = 0 AS ok, 'release_id has no row in releases_v6' AS details
FROM (SELECT count(*) AS n FROM (
SELECT "release_id", "release_id", "style"
FROM "release_style_xref_v1" AS child
WHERE "release_id" IS NOT NULL
  AND NOT EXISTS (SELECT 1 FROM "releases_ref_v6" AS parent WHERE parent."release_id" = child."release_id")
) AS broken) AS counted
UNION ALL
SELECT 'warehouse.release_style_xref_v1.duplicate_keys' AS check_name, 'CRITICAL' AS severity, n AS value, n = 0 AS ok, 'the same release_id, style stands more than once' AS details
FROM (SELECT count(*) AS n FROM (
SELECT "release_id", "style"
FROM "release_style_xref_v1"
GROUP BY "release_id", "style"
HAVING count(*) > 1
) AS broken) AS counted
UNION ALL
SELECT 'warehouse.release_genre_xref_v1.null_release_id' AS check_name, 'CRITICAL' AS severity, n AS value, n = 0 AS ok, 'release_id is NULL' AS details
FROM (SELECT count(*) AS n FROM (
SELECT "release_id", "genre"
FROM "release_genre_xref_v1"
WHERE "release_id" IS NULL
) AS broken) AS counted
UNION ALL
SELECT 'warehouse.release_genre_xref_v1.orphan_release_ids' AS check_name, 'CRITICAL' AS severity, n AS value, n = 0 AS ok, 'release_id has no row in releases_v6' AS details
FROM (SELECT count(*) AS n FROM (
SELECT "release_id", "release_id", "genre"
FROM "release_genre_xref_v1" AS child
WHERE "release_id" IS NOT NULL
  AND NOT EXISTS (SELECT 1 FROM "releases_ref_v6" AS parent WHERE parent."release_id" = child."release_id")
) AS broken) AS counted
UNION ALL
SELECT 'warehouse.release_genre_xref_v1.duplicate_keys' AS check_name, 'CRITICAL' AS severity, n AS value, n = 0 AS ok, 'the same release_id, genre stands more than once' AS details
FROM (SELECT count(*) AS n FROM (
SELECT "release_id", "genre"
FROM "release_genre_xref_v1"
GROUP BY "release_id", "genre"
HAVING count(*) > 1
) AS broken) AS counted
UNION ALL
SELECT
    'artists_v1.empty_name' AS check_name,
    CASE WHEN n <= greatest(5, total * 0.00001) THEN 'WARN' ELSE 'WARN' END AS severity,
    n AS value,
    n <= greatest(5, total * 0.00001) AS ok,
    'An artist has no name. Upstream has a few: 66827 in every dump looked at. Look whether names are lost for others too; if so, do not publish.' AS details
FROM (SELECT count(*) AS n FROM (
SELECT artist_id
FROM artists_v1_typed
WHERE name IS NULL
) AS broken) AS counted
CROSS JOIN (SELECT count(*) AS total FROM "artists_v1_typed") AS of_table
UNION ALL
SELECT
    'labels_ref_v10.empty_name' AS check_name,
    CASE WHEN n <= greatest(5, total * 0.00001) THEN 'WARN' ELSE 'WARN' END AS severity,
    n AS value,
    n <= greatest(5, total * 0.00001) AS ok,
    'A label has no name. Upstream has a few: 212 in every dump looked at. Look whether names are lost for others too; if so, do not publish.' AS details
FROM (SELECT count(*) AS n FROM (
SELECT label_id
FROM labels_ref_v10
WHERE name IS NULL
) AS broken) AS counted
CROSS JOIN (SELECT count(*) AS total FROM "labels_ref_v10") AS of_table
UNION ALL
SELECT
    'masters_v1.main_release_of_another_master' AS check_name,
    CASE WHEN n <= greatest(5, total * 0.02) THEN 'INFO' ELSE 'CRITICAL' END AS severity,
    n AS value,
    n <= greatest(5, total * 0.02) AS ok,
    'The main release of a master is a release of another master, or says that it is no main release. The dumps of a month are not of one instant, so a few are. If many are, ids of masters or releases went astray; do not publish.' AS details
FROM (SELECT count(*) AS n FROM (
SELECT masters.master_id, masters.main_release_id, releases.master_id AS master_of_release
FROM masters_v1_typed AS masters
JOIN releases_ref_v6 AS releases ON releases.release_id = masters.main_release_id
WHERE releases.master_id <> masters.master_id OR releases.is_main_release = FALSE
) AS broken) AS counted
CROSS JOIN (SELECT count(*) AS total FROM "masters_v1_typed") AS of_table
UNION ALL
SELECT 'releases_ref_v6.released_year_agrees' AS check_name, 'CRITICAL' AS severity, n AS value, n = 0 AS ok, 'released_year is not the year that released begins with, or there is one where none can be read. Ingest the releases again in a new run.' AS details
FROM (SELECT count(*) AS n FROM (
SELECT release_id, released, released_year
FROM releases_ref_v6
WHERE released_year IS DISTINCT FROM
    nullif(TRY_CAST(regexp_extract(released, '^([0-9]{4})(-[0-9]{2}){0,2}$', 1) AS INTEGER), 0)
) AS broken) AS counted
UNION ALL
SELECT 'warehouse.label_release_counts_v1.recount' AS check_name, 'CRITICAL' AS severity, n AS value, n = 0 AS ok, 'The number of releases of a label is not what a recount over release_labels_v1 gives. Build the warehouse again in a new run.' AS details
FROM (SELECT count(*) AS n FROM (
WITH recount AS (
    SELECT lower(name) AS label_norm, count(DISTINCT release_id) AS n
    FROM release_labels_v1
    WHERE name IS NOT NULL
    GROUP BY lower(name)
)
SELECT coalesce(counts.label_norm, recount.label_norm) AS label_norm, counts.n_total_releases, recount.n
FROM label_release_counts_v1 AS counts
FULL OUTER JOIN recount ON recount.label_norm = counts.label_norm
WHERE counts.n_total_releases IS DISTINCT FROM recount.n
) AS broken) AS counted
UNION ALL
SELECT 'warehouse.release_artists_v1.agrees' AS check_name, 'CRITICAL' AS severity, n AS value, n = 0 AS ok, 'The artists of a release are not those of release_artist_credits_v1. Build the warehouse again in a new run.' AS details
FROM (SELECT count(*) AS n FROM (
(
    SELECT release_id, lower(trim(BOTH ' ' FROM name)) AS artist_norm, min(artist_id) AS artist_id
    FROM release_artist_credits_v1
    WHERE name IS NOT NULL
    GROUP BY release_id, lower(trim(BOTH ' ' FROM name))
    EXCEPT
    SELECT release_id, artist_norm, artist_id FROM release_artists_v1
)
UNION ALL
(
    SELECT release_id, artist_norm, artist_id FROM release_artists_v1
    EXCEPT
    SELECT release_id, lower(trim(BOTH ' ' FROM name)), min(artist_id)
    FROM release_artist_credits_v1
    WHERE name IS NOT NULL
    GROUP BY release_id, lower(trim(BOTH ' ' FROM name))
)
) AS broken) AS counted
UNION ALL
SELECT 'warehouse.release_genre_xref_v1.agrees' AS check_name, 'CRITICAL' AS severity, n AS value, n = 0 AS ok, 'The genres of a release are not those of release_genres_v1. Build the warehouse again in a new run.' AS details
FROM (SELECT count(*) AS n FROM (
(SELECT release_id, genre FROM release_genres_v1 EXCEPT SELECT release_id, genre FROM release_genre_xref_v1)
UNION ALL
(SELECT release_id, genre FROM release_genre_xref_v1 EXCEPT SELECT release_id, genre FROM release_genres_v1)
) AS broken) AS counted
UNION ALL
SELECT 'warehouse.release_genre_xref_v1.genre_norm' AS check_name, 'CRITICAL' AS severity, n AS value, n = 0 AS ok, 'genre_norm is not genre in lower case. Build the warehouse again in a new run.' AS details
FROM (SELECT count(*) AS n FROM (
SELECT release_id, genre, genre_norm
FROM release_genre_xref_v1
WHERE genre_norm <> lower(genre)
) AS broken) AS counted
UNION ALL
SELECT 'warehouse.release_label_xref_v1.agrees' AS check_name, 'CRITICAL' AS severity, n AS value, n = 0 AS ok, 'The labels and catalogue numbers of a release are not those of release_labels_v1. Build the warehouse again in a new run.' AS details
FROM (SELECT count(*) AS n FROM (
(
    SELECT release_id, name, catno, min(label_id) AS label_id
    FROM release_labels_v1
    WHERE name IS NOT NULL
    GROUP BY release_id, name, catno
    EXCEPT
    SELECT release_id, label_name, label_catno, label_id FROM release_label_xref_v1
)
UNION ALL
(
    SELECT release_id, label_name, label_catno, label_id FROM release_label_xref_v1
    EXCEPT
    SELECT release_id, name, catno, min(label_id)
    FROM release_labels_v1
    WHERE name IS NOT NULL
    GROUP BY release_id, name, catno
)
) AS broken) AS counted
UNION ALL
SELECT 'warehouse.release_label_xref_v1.label_norm' AS check_name, 'CRITICAL' AS severity, n AS value, n = 0 AS ok, 'label_norm is not label_name in lower case. Build the warehouse again in a new run.' AS details
FROM (SELECT count(*) AS n FROM (
SELECT release_id, label_name, label_norm
FROM release_label_xref_v1
WHERE label_norm <> lower(label_name)
) AS broken) AS counted
UNION ALL
SELECT 'warehouse.release_style_xref_v1.agrees' AS check_name, 'CRITICAL' AS severity, n AS value, n = 0 AS ok, 'The styles of a release are not those of release_styles_v1. Build the warehouse again in a new run.' AS details
FROM (SELECT count(*) AS n FROM (
(SELECT release_id, style FROM release_styles_v1 EXCEPT SELECT release_id, style FROM release_style_xref_v1)
UNION ALL
(SELECT release_id, style FROM release_style_xref_v1 EXCEPT SELECT release_id, style FROM release_styles_v1)
) AS broken) AS counted
UNION ALL
SELECT 'warehouse.release_style_xref_v1.style_norm' AS check_name, 'CRITICAL' AS severity, n AS value, n = 0 AS ok, 'style_norm is not style in lower case. Build the warehouse again in a new run.' AS details
FROM (SELECT count(*) AS n FROM (
SELECT release_id, style, style_norm
FROM release_style_xref_v1
WHERE style_norm <> lower(style)
) AS broken) AS counted
) AS report
ORDER BY ok, CASE severity WHEN 'CRITICAL' THEN 0 WHEN 'WARN' THEN 1 ELSE 2 END, check_name
