-- Lists the tables of an Iceberg catalog in the layers of the lake. Trino 476 lists each once for every layer that is there.
SELECT DISTINCT table_schema, table_name
FROM {catalog}.information_schema.tables
WHERE table_type = 'BASE TABLE' AND table_schema IN ('bronze', 'silver', 'gold', 'mine')
ORDER BY table_schema, table_name
