-- What a column is.
COMMENT ON COLUMN {table}.{column} IS {comment}
