CREATE TABLE exported_file._export (
    run_id VARCHAR NOT NULL,
    identity VARCHAR NOT NULL,
    began_at TIMESTAMPTZ NOT NULL DEFAULT current_timestamp
)
