-- What a table is.
COMMENT ON TABLE {table} IS {comment}
