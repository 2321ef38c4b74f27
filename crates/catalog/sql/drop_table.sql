-- No row is deleted if another writer committed to the table first.
DELETE FROM iceberg_tables
WHERE catalog_name = 'lake' AND (iceberg_type = 'TABLE' OR iceberg_type IS NULL)
    AND table_namespace = $1 AND table_name = $2 AND metadata_location = $3
