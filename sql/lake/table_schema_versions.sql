-- The columns of every schema that an Iceberg table has or had.
CREATE TABLE table_schema_versions (
    layer VARCHAR,
    table_name VARCHAR,
    schema_id INTEGER,
    is_current BOOLEAN,
    field_id INTEGER,
    "position" INTEGER,
    column_name VARCHAR,
    "type" VARCHAR,
    required BOOLEAN,
    description VARCHAR
)
