-- The size of every Iceberg table in the state that is read.
CREATE TABLE table_sizes (
    layer VARCHAR,
    table_name VARCHAR,
    size_bytes BIGINT,
    "rows" BIGINT,
    files BIGINT,
    deleted_rows BIGINT,
    delete_files BIGINT,
    snapshot_id BIGINT
)
