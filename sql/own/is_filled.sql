-- Whether a column of the input has a value.
SELECT count(*) FROM (SELECT 1 FROM work.raw WHERE {column} IS NOT NULL LIMIT 1) AS filled
