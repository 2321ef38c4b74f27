-- table_sizes: the size of every Iceberg table that was there when register-tables ran, as it is now.
SELECT
    known.layer,
    known.table_name,
    coalesce(sum(files.size_bytes), 0) AS size_bytes,
    coalesce(sum(files."rows") FILTER (WHERE files.content = 0), 0) AS "rows",
    count(*) FILTER (WHERE files.content = 0) AS files,
    coalesce(sum(files."rows") FILTER (WHERE files.content = 1), 0) AS deleted_rows,
    count(*) FILTER (WHERE files.content <> 0) AS delete_files
FROM (VALUES {names}) AS known (layer, table_name)
LEFT JOIN (
{files}
) AS files
    ON files.layer = known.layer AND files.table_name = known.table_name
GROUP BY known.layer, known.table_name
