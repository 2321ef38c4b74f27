-- A word that upstream is not known to use. The rows with one.
SELECT {column}, {key}
FROM {table}
WHERE {column} NOT IN ({values})
