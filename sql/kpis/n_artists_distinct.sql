-- Artists.
SELECT count(DISTINCT artist_id) AS kpi_value
FROM artists_v1_typed
