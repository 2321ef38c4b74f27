-- The number of rows with a value.
CAST(count({column}) AS {type}) AS {name}
