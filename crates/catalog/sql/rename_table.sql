-- A copy of a table's row under another name. No row is inserted if another writer committed to the table first, or if the
-- name is taken.
INSERT INTO iceberg_tables
    (catalog_name, table_namespace, table_name, metadata_location, previous_metadata_location, iceberg_type)
SELECT catalog_name, CAST($1 AS VARCHAR(255)), CAST($2 AS VARCHAR(255)), metadata_location, previous_metadata_location, iceberg_type
FROM iceberg_tables
WHERE catalog_name = 'lake' AND (iceberg_type = 'TABLE' OR iceberg_type IS NULL)
    AND table_namespace = $3 AND table_name = $4 AND metadata_location = $5
ON CONFLICT DO NOTHING
