COMMENT ON TABLE exported_file.{table} IS {comment}
