CREATE TABLE exported_file._export_tables (table_name VARCHAR NOT NULL, rows BIGINT NOT NULL)
