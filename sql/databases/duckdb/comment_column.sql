COMMENT ON COLUMN exported_file.{table}.{column} IS {comment}
