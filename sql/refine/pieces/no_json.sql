-- Whether a text is no JSON.
{column} IS NOT NULL AND NOT json_valid({column})
