-- A unit and its factor.
WHEN {unit} THEN CAST({factor} AS DECIMAL(18, 9))
