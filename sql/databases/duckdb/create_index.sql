CREATE INDEX {name} ON exported_file.{table} ({columns})
