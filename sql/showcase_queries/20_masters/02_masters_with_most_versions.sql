-- The masters with the most versions, with their number of countries and years.
SELECT
    masters.master_id,
    masters.master_artists,
    masters.title,
    count(*) AS versions,
    count(DISTINCT releases.country) AS countries,
    max(releases.released_year) - min(releases.released_year) AS years
FROM releases_ref_v6 AS releases
JOIN masters_v1 AS masters ON masters.master_id = releases.master_id
GROUP BY masters.master_id, masters.master_artists, masters.title
ORDER BY versions DESC, masters.master_id
LIMIT 20
