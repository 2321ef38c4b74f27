-- The texts of a list within JSON, as one.
CASE WHEN json_valid({column}) THEN array_to_string(json_extract_string({column}, {path}), {join}) END
