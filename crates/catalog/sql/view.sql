SELECT metadata_location
FROM iceberg_tables
WHERE catalog_name = 'lake' AND iceberg_type = 'VIEW' AND table_namespace = $1 AND table_name = $2
