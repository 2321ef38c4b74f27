-- Returns the statement that created a table, with its location.
SHOW CREATE TABLE {table}
