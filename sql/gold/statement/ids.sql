-- The ids of a table.
SELECT {column} AS id FROM {name}
