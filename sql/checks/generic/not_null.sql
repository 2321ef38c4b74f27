-- Selects the rows without a value.
SELECT {key}
FROM {table}
WHERE {column} IS NULL
