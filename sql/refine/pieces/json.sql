-- A text within JSON.
CASE WHEN json_valid({column}) THEN json_extract_string({column}, {path}) END
