-- about: What the catalogue held in a month: releases in all, and by country, format, genre, style, decade and label.
-- reads: releases_v6, release_formats_v1, release_genres_v1, release_styles_v1, release_labels_v1, artists_v1_typed, labels_v10, masters_v1_typed, months_before
-- mode: month
-- key: dump_month, metric, dimension
-- partition: month(dump_month)
-- sort: metric, dimension
-- column dump_month DATE: The first day of the month of the dumps.
-- column metric VARCHAR: What is counted: artists, labels, masters, releases, or releases by country, format, genre, style, decade or label.
-- column dimension VARCHAR: The country, format, genre, style, decade or label; (all) for a count of everything, (none) for releases without one.
-- column value BIGINT: The count.
-- column change BIGINT: The count, less that of the latest month before; NULL in the first month.
--
-- A release with two genres counts in both, and once in each: the counts of formats, genres, styles and labels add up to
-- more than the releases. Those of countries and decades add up to the releases.
WITH counted AS (
    SELECT 'artists' AS metric, '(all)' AS dimension, count(*) AS value FROM artists_v1_typed
    UNION ALL
    SELECT 'labels', '(all)', count(*) FROM labels_v10
    UNION ALL
    SELECT 'masters', '(all)', count(*) FROM masters_v1_typed
    UNION ALL
    SELECT 'releases', '(all)', count(*) FROM releases_v6
    UNION ALL
    SELECT 'releases by country', coalesce(country, '(none)'), count(*) FROM releases_v6 GROUP BY 2
    UNION ALL
    SELECT 'releases by decade', coalesce(CAST(released_year - released_year % 10 AS VARCHAR), '(none)'), count(*)
    FROM releases_v6
    GROUP BY 2
    UNION ALL
    SELECT 'releases by format', dimension, count(*)
    FROM (
        SELECT DISTINCT releases_v6.release_id, coalesce(name, '(none)') AS dimension
        FROM releases_v6
        LEFT JOIN release_formats_v1 ON release_formats_v1.release_id = releases_v6.release_id
    ) AS of_releases
    GROUP BY dimension
    UNION ALL
    SELECT 'releases by genre', dimension, count(*)
    FROM (
        SELECT DISTINCT releases_v6.release_id, coalesce(genre, '(none)') AS dimension
        FROM releases_v6
        LEFT JOIN release_genres_v1 ON release_genres_v1.release_id = releases_v6.release_id
    ) AS of_releases
    GROUP BY dimension
    UNION ALL
    SELECT 'releases by style', dimension, count(*)
    FROM (
        SELECT DISTINCT releases_v6.release_id, coalesce(style, '(none)') AS dimension
        FROM releases_v6
        LEFT JOIN release_styles_v1 ON release_styles_v1.release_id = releases_v6.release_id
    ) AS of_releases
    GROUP BY dimension
    UNION ALL
    SELECT 'releases by label', dimension, count(*)
    FROM (
        SELECT DISTINCT releases_v6.release_id, coalesce(name, '(none)') AS dimension
        FROM releases_v6
        LEFT JOIN release_labels_v1 ON release_labels_v1.release_id = releases_v6.release_id
    ) AS of_releases
    GROUP BY dimension
),
month_before AS (
    SELECT metric, dimension, value
    FROM months_before
    WHERE dump_month = (SELECT max(dump_month) FROM months_before)
)
SELECT
    CAST({dump_month} AS DATE) AS dump_month,
    counted.metric,
    counted.dimension,
    counted.value,
    CASE WHEN EXISTS (SELECT 1 FROM month_before) THEN counted.value - coalesce(month_before.value, 0) END AS change
FROM counted
LEFT JOIN month_before ON month_before.metric = counted.metric AND month_before.dimension = counted.dimension
ORDER BY metric, dimension
