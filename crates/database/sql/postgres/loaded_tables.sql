SELECT table_name, rows, indexed FROM {schema}._export_tables ORDER BY table_name
