-- artist_aliases_v1: artist_aliases_v1_typed under the name without its suffix. Columns are named: a view of * breaks in Trino when one is added.
SELECT artist_id, alias_id, alias_name
FROM artist_aliases_v1_typed
