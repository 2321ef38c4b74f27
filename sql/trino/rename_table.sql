-- Another name for a table; the files stay where they are.
ALTER TABLE {table} RENAME TO {name}
