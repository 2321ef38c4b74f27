-- The mean of the values, NULL without any.
CAST(avg({column}) AS {type}) AS {name}
