-- The countries with the most releases.
SELECT country, count(*) AS releases
FROM releases_ref_v6
WHERE country IS NOT NULL
GROUP BY country
ORDER BY releases DESC, country
LIMIT 15
