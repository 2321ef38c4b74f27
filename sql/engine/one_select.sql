-- Holds somebody's statement to being a single one that only reads: a SELECT, DESCRIBE, SHOW or SUMMARIZE. DuckDB takes
-- nothing else here. It is prepared, never run.
SELECT * FROM query({statement})
