-- The records in the order of the dump.
SELECT load, position_in_load, replace(CAST(record_hash AS VARCHAR), '-', '') AS record_hash FROM {table} ORDER BY position
