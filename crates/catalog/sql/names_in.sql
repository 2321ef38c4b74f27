SELECT table_name, iceberg_type
FROM iceberg_tables
WHERE catalog_name = 'lake' AND table_namespace = $1
ORDER BY table_name
