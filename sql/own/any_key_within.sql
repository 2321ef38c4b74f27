-- Whether a key of the input lies within the bounds of a file.
SELECT count(*) FROM (SELECT 1 FROM work.keys WHERE {within} LIMIT 1) AS found
