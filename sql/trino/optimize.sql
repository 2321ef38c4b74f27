-- Rewrites the files of an Iceberg table that are smaller than a size or have deleted rows.
ALTER TABLE {table} EXECUTE optimize(file_size_threshold => {threshold})
