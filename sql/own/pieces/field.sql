-- A field of a table's files.
{id}: {name: {literal}, type: {type}, default_value: NULL}
