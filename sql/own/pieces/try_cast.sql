-- A column with another type, NULL if it has no such value.
TRY_CAST({column} AS {type}) AS {name}
