-- Lists the schemas of a catalog.
SELECT schema_name
FROM {catalog}.information_schema.schemata
ORDER BY schema_name
