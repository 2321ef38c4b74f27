-- artists_v1: artists_v1_typed under the name without its suffix.
SELECT * FROM artists_v1_typed
