-- A namespace exists if it has a property or holds a table or a view.
SELECT namespace FROM iceberg_namespace_properties WHERE catalog_name = 'lake'
UNION
SELECT table_namespace FROM iceberg_tables WHERE catalog_name = 'lake'
ORDER BY 1
