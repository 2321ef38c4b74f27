-- artists_v1: artists_v1_typed without the suffix in its name. Columns are listed, because a view of * breaks in Trino when a column is added.
SELECT artist_id, name, realname, profile, data_quality, urls, namevariations, aliases
FROM artists_v1_typed
