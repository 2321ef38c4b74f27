INSERT INTO exported_file.{table} {query}
