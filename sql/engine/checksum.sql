-- How many rows a table has, and a number that depends on them and not on their order. {row} is a row as one text.
SELECT count(*) AS n, CAST(sum(CAST(text_hash({row}) AS DECIMAL(38, 0))) AS VARCHAR) AS checksum
FROM {table}
