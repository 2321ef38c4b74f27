-- Aliases of artists: the number of artists with any, and the median, 90th and 99th percentile of their aliases.
WITH of_artist AS (
    SELECT artist_id, count(*) AS aliases FROM artist_aliases_v1 GROUP BY artist_id
),
ranked AS (
    SELECT aliases, row_number() OVER (ORDER BY aliases) AS place, count(*) OVER () AS artists FROM of_artist
)
SELECT
    (SELECT count(*) FROM artists_v1) AS artists,
    max(artists) AS artists_with_alias,
    min(CASE WHEN place >= artists * 0.5 THEN aliases END) AS p50,
    min(CASE WHEN place >= artists * 0.9 THEN aliases END) AS p90,
    min(CASE WHEN place >= artists * 0.99 THEN aliases END) AS p99,
    max(aliases) AS most
FROM ranked
