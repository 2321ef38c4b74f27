-- Drops an empty schema.
DROP SCHEMA {schema}
