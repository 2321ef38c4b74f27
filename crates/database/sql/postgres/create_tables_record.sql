CREATE TABLE {schema}._export_tables (
    table_name text PRIMARY KEY,
    rows bigint NOT NULL,
    indexed boolean NOT NULL DEFAULT false
)
