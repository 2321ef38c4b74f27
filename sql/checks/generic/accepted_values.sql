-- Selects the rows whose value is none of the accepted values.
SELECT {column}, {key}
FROM {table}
WHERE {column} NOT IN ({values})
