SELECT namespace, property_key, property_value
FROM iceberg_namespace_properties
WHERE catalog_name = 'lake'
ORDER BY namespace, property_key
