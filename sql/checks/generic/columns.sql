-- Selects no row: only the columns that a check selects.
SELECT * FROM ({query}) AS broken LIMIT 0
