-- Attaches the database in which states are kept, so that DuckDB need not hold them in memory.
ATTACH {file} AS work
