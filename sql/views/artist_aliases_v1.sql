-- artist_aliases_v1: artist_aliases_v1_typed under the name without its suffix.
SELECT * FROM artist_aliases_v1_typed
