-- The values of a column that a table of the catalogue has.
CREATE OR REPLACE TABLE {known} AS
SELECT DISTINCT CAST({field} AS {type}) AS known
FROM {table}
WHERE {field} IN (SELECT {column} FROM "typed rows")
