-- Makes DuckDB cache Parquet footers, which hundreds of queries read. DuckDB reads a changed file again.
SET parquet_metadata_cache = true
