-- Returns a file that has no field ids, if there is one.
SELECT file_name
FROM parquet_schema([{files}])
GROUP BY file_name
HAVING count(field_id) = 0
ORDER BY file_name
LIMIT 1
