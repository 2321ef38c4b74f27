-- Counts the distinct values of the first column of a key.
SELECT count(DISTINCT {column}) AS n FROM {table}
