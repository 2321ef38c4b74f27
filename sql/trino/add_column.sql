-- Adds a column after the existing ones.
ALTER TABLE {table} ADD COLUMN {column}
