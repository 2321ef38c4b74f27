-- A view of a table's files, by field id. Names with a space are this project's own.
CREATE OR REPLACE TEMP VIEW {name} AS
SELECT {columns}, "file name", file_row_number AS "file row"
FROM read_parquet([{files}], schema = MAP {{fields}}, filename = 'file name', file_row_number = true)
