-- Accepts one statement that reads: a SELECT, DESCRIBE, SHOW or SUMMARIZE. DuckDB's parser refuses anything else in this
-- place. The statement is prepared, never run.
SELECT * FROM query({statement})
