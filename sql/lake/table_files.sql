-- The files of every Iceberg table in the state that is read.
CREATE TABLE table_files (
    layer VARCHAR,
    table_name VARCHAR,
    path VARCHAR,
    size_bytes BIGINT,
    "rows" BIGINT,
    content VARCHAR,
    file_format VARCHAR,
    "partition" VARCHAR,
    run_id VARCHAR
)
