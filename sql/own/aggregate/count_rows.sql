-- The number of rows.
CAST(count(*) AS {type}) AS {name}
