-- table_files: the files of every Iceberg table that was there when register-tables ran, as they are now.
SELECT
    layer,
    table_name,
    path,
    size_bytes,
    "rows",
    CASE content WHEN 0 THEN 'data' WHEN 1 THEN 'position_deletes' ELSE 'equality_deletes' END AS content,
    file_format,
    regexp_extract(path, '/_runs/([^/]+)/', 1) AS run_id
FROM (
{files}
)
