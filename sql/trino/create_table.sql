-- Creates a table over the Parquet files of a directory.
CREATE TABLE IF NOT EXISTS {table} (
    {columns}
)
COMMENT {comment}
WITH (external_location = {location}, format = 'PARQUET')
