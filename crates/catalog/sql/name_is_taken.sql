SELECT table_name FROM iceberg_tables WHERE catalog_name = 'lake' AND table_namespace = $1 AND table_name = $2
