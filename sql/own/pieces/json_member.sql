-- A member of a JSON object, or NULL without a value.
{label} || CAST(to_json({column}) AS VARCHAR)
