DELETE FROM iceberg_namespace_properties WHERE catalog_name = 'lake' AND namespace = $1 AND property_key = $2
