-- The keys that are missing or there more than once.
SELECT {key}, count(*) AS "rows"
FROM built
GROUP BY {key}
HAVING count(*) > 1 OR NOT ({is_given})
