-- The files in which delete files name rows.
SELECT DISTINCT regexp_replace(file_path, '^file:(//)?', '') FROM read_parquet([{deletes}])
