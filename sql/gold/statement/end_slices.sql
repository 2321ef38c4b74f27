-- Drops the schema of the slices and what is in it.
DROP SCHEMA slice CASCADE
