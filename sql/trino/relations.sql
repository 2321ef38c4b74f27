-- Lists the tables and views of a schema with their comments.
SELECT relations.table_name, relations.table_type, comments.comment
FROM {catalog}.information_schema.tables AS relations
LEFT JOIN system.metadata.table_comments AS comments
    ON comments.catalog_name = {catalog_name}
    AND comments.schema_name = {schema_name}
    AND comments.table_name = relations.table_name
WHERE relations.table_schema = {schema_name}
