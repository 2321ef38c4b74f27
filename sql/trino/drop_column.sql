-- Drops a column from the table; the files keep it.
ALTER TABLE {table} DROP COLUMN {column}
