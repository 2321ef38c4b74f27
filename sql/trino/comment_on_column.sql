-- Sets the comment of a column.
COMMENT ON COLUMN {table}.{column} IS {comment}
