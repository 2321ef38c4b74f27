-- No row is inserted if another writer created the table first.
INSERT INTO iceberg_tables (catalog_name, table_namespace, table_name, metadata_location, iceberg_type)
VALUES ('lake', $1, $2, $3, 'TABLE') ON CONFLICT DO NOTHING
