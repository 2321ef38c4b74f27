-- artist_aliases_v1: artist_aliases_v1_typed without the suffix in its name. Columns are listed, because a view of * breaks in Trino when a column is added.
SELECT artist_id, alias_id, alias_name
FROM artist_aliases_v1_typed
