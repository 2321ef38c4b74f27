-- Runs a query to its end and keeps no row, for the error that ends it.
EXPLAIN ANALYZE {query}
