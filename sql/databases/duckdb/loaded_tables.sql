SELECT table_name, rows FROM exported_file._export_tables ORDER BY table_name
