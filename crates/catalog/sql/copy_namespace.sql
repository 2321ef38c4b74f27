INSERT INTO iceberg_namespace_properties (catalog_name, namespace, property_key, property_value)
VALUES ('lake', $1, $2, $3)
