UPDATE {schema}._export_tables SET rows = rows + $2 WHERE table_name = $1
