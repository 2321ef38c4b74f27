-- How many different values the first column of a key has.
SELECT count(DISTINCT {column}) AS n FROM {table}
