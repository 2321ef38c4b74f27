-- Creates a schema for tables over the lake.
CREATE SCHEMA IF NOT EXISTS {schema}
