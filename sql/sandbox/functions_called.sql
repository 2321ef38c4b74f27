-- The names of the functions that a statement calls, as DuckDB's own parser finds them.
SELECT lower(unnest(json_extract_string(json_serialize_sql({statement}), '$..function_name')))
