-- Drops a state that is no longer needed.
DROP TABLE {table}
