-- artists_v1: artists_v1_typed under the name without its suffix. Columns are named: a view of * breaks in Trino when one is added.
SELECT artist_id, name, realname, profile, data_quality, urls, namevariations, aliases
FROM artists_v1_typed
