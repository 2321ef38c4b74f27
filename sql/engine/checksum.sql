-- Counts the rows of a table and computes a checksum that is independent of their order. {row} is a row as one text.
SELECT count(*) AS n, CAST(sum(CAST(text_hash({row}) AS DECIMAL(38, 0))) AS VARCHAR) AS checksum
FROM {table}
