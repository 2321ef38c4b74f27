INSERT INTO _export_tables (table_name, rows) VALUES (?1, ?2)
