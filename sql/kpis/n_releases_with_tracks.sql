-- Releases with a track list.
SELECT count(DISTINCT release_id) AS kpi_value
FROM release_tracks_v1
