-- A column that must have a value has none. The rows without one.
SELECT {key}
FROM {table}
WHERE {column} IS NULL
