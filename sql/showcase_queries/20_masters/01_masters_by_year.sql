-- Masters by the year of their first release.
SELECT year, count(*) AS masters
FROM masters_v1
WHERE year > 0
GROUP BY year
ORDER BY year DESC
LIMIT 50
