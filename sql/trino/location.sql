-- How a table was made, with its location.
SHOW CREATE TABLE {table}
