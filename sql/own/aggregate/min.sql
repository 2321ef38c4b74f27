-- The smallest value.
min({column}) AS {name}
