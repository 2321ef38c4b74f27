ATTACH {file} AS exported_file (TYPE duckdb, READ_ONLY)
