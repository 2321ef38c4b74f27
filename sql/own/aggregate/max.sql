-- The largest value.
max({column}) AS {name}
