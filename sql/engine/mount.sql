-- A view of a table over its Parquet files, for DuckDB.
CREATE VIEW {name} AS SELECT * FROM read_parquet([{files}])
