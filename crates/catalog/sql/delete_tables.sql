DELETE FROM iceberg_tables WHERE catalog_name = 'lake'
