-- A view of a query, for DuckDB.
CREATE VIEW {name} AS {query}
