-- The number of different values.
CAST(count(DISTINCT {column}) AS {type}) AS {name}
