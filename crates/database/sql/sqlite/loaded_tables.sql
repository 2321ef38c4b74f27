SELECT table_name, rows, indexed FROM _export_tables ORDER BY table_name
