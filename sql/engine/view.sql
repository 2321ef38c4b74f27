-- Creates a view of a query in DuckDB.
CREATE VIEW {name} AS {query}
