-- Attaches the database in which a task keeps its input, so that DuckDB need not hold the input in memory.
ATTACH {file} AS work
