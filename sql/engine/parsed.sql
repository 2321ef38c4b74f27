-- A statement as DuckDB's own parser reads it, as JSON. A statement that is no query gives an object with an error.
SELECT json_serialize_sql({statement})
