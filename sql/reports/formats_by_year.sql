-- The six most frequent media, by year.
WITH of_release AS (
    SELECT DISTINCT release_id, name FROM release_formats_v1 WHERE name IS NOT NULL
),
most AS (
    SELECT name, count(*) AS releases FROM of_release GROUP BY name ORDER BY releases DESC, name LIMIT 6
)
SELECT releases.released_year AS year, of_release.name, count(*) AS releases
FROM of_release
JOIN most ON most.name = of_release.name
JOIN releases_ref_v6 AS releases ON releases.release_id = of_release.release_id
WHERE releases.released_year BETWEEN 1890 AND 2100
GROUP BY releases.released_year, of_release.name
ORDER BY of_release.name, year
