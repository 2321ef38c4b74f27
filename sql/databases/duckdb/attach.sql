ATTACH {file} AS exported_file (TYPE duckdb)
