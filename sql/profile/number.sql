-- Computes the statistics of a column of numbers: NULLs and the mean.
SELECT count(*) - count({column}) AS nulls, 0 AS empty_texts, 0 AS replaced, avg(CAST({column} AS DOUBLE)) AS mean
FROM {table}
