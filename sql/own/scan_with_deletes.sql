-- A view of a table's files, by field id, without the rows that delete files name by file and position.
CREATE OR REPLACE TEMP VIEW {name} AS
SELECT {columns}, "file name", file_row_number AS "file row"
FROM read_parquet([{files}], schema = MAP {{fields}}, filename = 'file name', file_row_number = true) AS rows_of_files
ANTI JOIN (
    SELECT regexp_replace(file_path, '^file:(//)?', '') AS deleted_from, pos
    FROM read_parquet([{deletes}])
) AS deleted
    ON rows_of_files."file name" = deleted.deleted_from AND rows_of_files.file_row_number = deleted.pos
