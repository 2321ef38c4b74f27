-- Tables and views, as any client wrote them.
SELECT table_namespace, table_name, metadata_location, previous_metadata_location, iceberg_type
FROM iceberg_tables
WHERE catalog_name = 'lake'
ORDER BY table_namespace, table_name
