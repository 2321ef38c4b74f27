-- How many rows a table has.
SELECT count(*) AS n FROM {table}
