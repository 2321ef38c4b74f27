CREATE INDEX {name} ON {table} USING {method} ({columns})
