-- An id that several rows of files have.
SELECT id FROM read_parquet([{files}]) GROUP BY id HAVING count(*) > 1 ORDER BY id LIMIT 1
