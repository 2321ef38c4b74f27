-- The records of a full load: the load that has the row, and the position there and in the dump, which are the same.
CREATE TABLE {table} AS
SELECT
    id,
    CAST(record_hash AS UUID) AS record_hash,
    position,
    CAST({load} AS BIGINT) AS load,
    position AS position_in_load
FROM {rows}
WHERE ingestion_timestamp = CAST({time} AS TIMESTAMPTZ)
