-- Sets the comment of a table.
COMMENT ON TABLE {table} IS {comment}
