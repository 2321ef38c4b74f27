-- The files of one Iceberg table.
SELECT
    {layer} AS layer,
    {name} AS table_name,
    regexp_replace(file_path, '^file:(//)?') AS path,
    file_size_in_bytes AS size_bytes,
    record_count AS "rows",
    content,
    lower(file_format) AS file_format
FROM {files}
