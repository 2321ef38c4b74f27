-- The releases by country, and those by decade, add up to all releases.
SELECT metric, sum(value) AS found, (SELECT count(*) FROM releases_v6) AS expected
FROM built
WHERE metric IN ('releases', 'releases by country', 'releases by decade')
GROUP BY metric
HAVING sum(value) <> (SELECT count(*) FROM releases_v6)
