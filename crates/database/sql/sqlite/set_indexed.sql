UPDATE _export_tables SET indexed = 1 WHERE table_name = ?1
