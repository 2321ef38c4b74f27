INSERT INTO {table} ({columns})
SELECT {columns} FROM pg_temp.export_changes WHERE _change IN ('insert', 'update_after')
