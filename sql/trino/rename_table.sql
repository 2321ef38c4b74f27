-- Renames a table; its files stay in place.
ALTER TABLE {table} RENAME TO {name}
