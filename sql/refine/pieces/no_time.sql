-- Whether a text is in none of several formats.
try_strptime({column}, [{formats}]) IS NULL
