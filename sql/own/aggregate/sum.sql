-- The sum of the values, NULL without any.
CAST(sum({column}) AS {type}) AS {name}
