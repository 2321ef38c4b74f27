-- Selects a few of the rows that a check selects. The order covers every column, so that the same run gives the same rows.
SELECT * FROM ({query}) AS broken ORDER BY {positions} LIMIT 20
