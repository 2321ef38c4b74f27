-- Selects a few of the rows that a check selects.
SELECT * FROM ({query}) AS broken ORDER BY 1 LIMIT 20
