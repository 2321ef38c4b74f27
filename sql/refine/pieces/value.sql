-- A text as a value of a type.
TRY_CAST({column} AS {type})
