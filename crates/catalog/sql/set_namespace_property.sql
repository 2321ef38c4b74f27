INSERT INTO iceberg_namespace_properties (catalog_name, namespace, property_key, property_value)
VALUES ('lake', $1, $2, $3)
ON CONFLICT (catalog_name, namespace, property_key) DO UPDATE SET property_value = excluded.property_value
