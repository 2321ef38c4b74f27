-- A few of the rows that a check gives.
SELECT * FROM ({query}) AS broken ORDER BY 1 LIMIT 20
