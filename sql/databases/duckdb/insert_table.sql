INSERT INTO exported_file._export_tables (table_name, rows) VALUES ({table}, {rows})
