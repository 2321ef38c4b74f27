-- A column with nested values as JSON text.
CAST(to_json({column}) AS VARCHAR) AS {name}
