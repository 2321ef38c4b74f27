-- Forgets a schema that holds nothing any more.
DROP SCHEMA {schema}
