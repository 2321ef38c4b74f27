-- Selects the keys that occur more than once.
SELECT {key}
FROM {table}
GROUP BY {key}
HAVING count(*) > 1
