-- The number of rows in the files to rewrite that are older than a time, in microseconds since 1970.
SELECT count(*)
FROM rewritten
WHERE epoch_us(CAST({column} AS TIMESTAMP WITH TIME ZONE)) < {before}
