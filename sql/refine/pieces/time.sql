-- A text as a date or time in one of several formats.
CAST(try_strptime({column}, [{formats}]) AS {type})
