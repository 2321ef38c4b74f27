DELETE FROM {table} AS held
USING pg_temp.export_changes AS changes
WHERE changes._change IN ('delete', 'update_before') AND {agrees}
