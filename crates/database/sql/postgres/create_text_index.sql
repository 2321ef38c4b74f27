CREATE INDEX {name} ON {table} USING gin (to_tsvector('english', {column}))
