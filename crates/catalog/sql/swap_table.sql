-- No row is updated if another writer committed to the table first.
UPDATE iceberg_tables SET metadata_location = $1, previous_metadata_location = $2
WHERE catalog_name = 'lake' AND (iceberg_type = 'TABLE' OR iceberg_type IS NULL)
    AND table_namespace = $3 AND table_name = $4 AND metadata_location = $2
