-- The snapshots of one Iceberg table.
SELECT {layer} AS layer, {name} AS table_name, snapshot_id, parent_id, committed_at, operation, summary
FROM {snapshots}
