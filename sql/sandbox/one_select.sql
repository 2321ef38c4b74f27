-- Accepts a single statement that only reads: a SELECT, DESCRIBE, SHOW or SUMMARIZE. DuckDB's query() refuses every other.
-- It is prepared, never run.
SELECT * FROM query({statement})
