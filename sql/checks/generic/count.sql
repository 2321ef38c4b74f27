-- Counts the rows that a check selects, each of which breaks it.
SELECT count(*) AS n FROM ({query}) AS broken
