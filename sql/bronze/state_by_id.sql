-- The latest record of each id.
SELECT id, replace(CAST(record_hash AS VARCHAR), '-', '') AS record_hash, position FROM {table} ORDER BY id
