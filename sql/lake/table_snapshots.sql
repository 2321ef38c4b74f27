-- The snapshots of every Iceberg table. The tags come as lines of a text; tags.sql makes a list of them.
CREATE TABLE table_snapshots (
    layer VARCHAR,
    table_name VARCHAR,
    snapshot_id BIGINT,
    parent_id BIGINT,
    committed_at TIMESTAMP,
    operation VARCHAR,
    run_id VARCHAR,
    dump_month VARCHAR,
    tags VARCHAR,
    is_current BOOLEAN,
    size_bytes BIGINT,
    "rows" BIGINT,
    files BIGINT,
    schema_id INTEGER
)
