-- The tags and branches of one Iceberg table.
SELECT {layer} AS layer, {name} AS table_name, snapshot_id, name, type
FROM {refs}
