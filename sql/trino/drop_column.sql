-- A column that a table has no more; in the files nothing changes.
ALTER TABLE {table} DROP COLUMN {column}
