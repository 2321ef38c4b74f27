-- A column with another type.
CAST({column} AS {type}) AS {name}
