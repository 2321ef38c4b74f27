SELECT table_namespace, table_name, metadata_location
FROM iceberg_tables
WHERE catalog_name = 'lake' AND (iceberg_type = 'TABLE' OR iceberg_type IS NULL)
ORDER BY table_namespace, table_name
