-- Releases by year.
SELECT released_year AS year, count(*) AS releases
FROM releases_ref_v6
WHERE released_year BETWEEN 1890 AND 2100
GROUP BY released_year
ORDER BY released_year
