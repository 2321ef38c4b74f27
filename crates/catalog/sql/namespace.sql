-- The properties of a namespace; a row without a key for each that only holds tables or views.
SELECT property_key, property_value FROM iceberg_namespace_properties WHERE catalog_name = 'lake' AND namespace = $1
UNION ALL
SELECT DISTINCT NULL, NULL FROM iceberg_tables WHERE catalog_name = 'lake' AND table_namespace = $1
