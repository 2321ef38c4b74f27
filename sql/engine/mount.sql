-- Creates a view over the Parquet files of a table in DuckDB.
CREATE VIEW {name} AS SELECT * FROM read_parquet([{files}])
