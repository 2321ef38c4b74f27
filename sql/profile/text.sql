-- Computes the statistics of a column of texts: NULLs, empty texts, texts with a replaced byte, mean length in characters.
SELECT
    count(*) - count({column}) AS nulls,
    count(CASE WHEN {column} = '' THEN 1 END) AS empty_texts,
    count(CASE WHEN strpos({column}, chr(65533)) > 0 THEN 1 END) AS replaced,
    avg(length({column})) AS mean
FROM {table}
