-- Computes the statistics of a column of flags: NULLs and the share of true.
SELECT
    count(*) - count({column}) AS nulls,
    0 AS empty_texts,
    0 AS replaced,
    avg(CAST(CASE WHEN {column} THEN 1 WHEN NOT {column} THEN 0 END AS DOUBLE)) AS mean
FROM {table}
