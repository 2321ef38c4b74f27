-- For DuckDB: the footer of a Parquet file is read once, not again for each of hundreds of queries. A file that changes is
-- read anew.
SET parquet_metadata_cache = true
