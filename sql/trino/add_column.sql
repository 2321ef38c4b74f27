-- A column behind those that a table has.
ALTER TABLE {table} ADD COLUMN {column}
