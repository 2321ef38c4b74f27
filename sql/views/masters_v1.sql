-- masters_v1: masters_v1_typed under the name without its suffix.
SELECT * FROM masters_v1_typed
