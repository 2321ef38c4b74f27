DROP TABLE pg_temp.export_changes
