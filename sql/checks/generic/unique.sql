-- A key stands more than once. The keys that do.
SELECT {key}
FROM {table}
GROUP BY {key}
HAVING count(*) > 1
