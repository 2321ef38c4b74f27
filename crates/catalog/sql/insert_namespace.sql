-- 'exists' is the property by which every client of this schema marks a namespace.
INSERT INTO iceberg_namespace_properties (catalog_name, namespace, property_key, property_value)
VALUES ('lake', $1, 'exists', 'true') ON CONFLICT DO NOTHING
