UPDATE {schema}._export_tables SET indexed = true WHERE table_name = $1
