-- Lists the columns of the tables and views of a schema, in order.
SELECT table_name, column_name, data_type
FROM {catalog}.information_schema.columns
WHERE table_schema = {schema_name}
ORDER BY table_name, ordinal_position
