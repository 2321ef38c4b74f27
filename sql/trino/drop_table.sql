-- Drops an external table; its files stay.
DROP TABLE IF EXISTS {table}
