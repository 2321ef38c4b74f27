-- Returns a row if an Iceberg table has a snapshot. {snapshots} is the table's $snapshots.
SELECT snapshot_id FROM {snapshots} WHERE snapshot_id = {id}
