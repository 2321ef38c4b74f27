-- The rows of a table in a range of ids, under the table's name.
CREATE OR REPLACE VIEW slice.{name} AS
SELECT * FROM main.{name} WHERE {column} BETWEEN {from} AND {to}
