-- Changes nothing, but locks the row until the end of the transaction; no row matches if another writer committed first.
UPDATE iceberg_tables SET metadata_location = metadata_location
WHERE catalog_name = 'lake' AND (iceberg_type = 'TABLE' OR iceberg_type IS NULL)
    AND table_namespace = $1 AND table_name = $2 AND metadata_location = $3
